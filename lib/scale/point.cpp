#include "scale/point.h"

namespace mlrun::scale {

std::string_view to_string(Strategy strategy) {
  switch (strategy) {
    case Strategy::kWorkers:
      return "workers";
    case Strategy::kThreads:
      return "threads";
    case Strategy::kGpus:
      return "gpus";
    case Strategy::kStreams:
      return "streams";
    case Strategy::kStack:
      return "stack";
  }
  return "";
}

bool uses_gpu(Strategy strategy) {
  return strategy != Strategy::kWorkers && strategy != Strategy::kThreads;
}

std::string_view to_string(Mode mode) { return mode == Mode::kStrong ? "strong" : "weak"; }

}  // namespace mlrun::scale
