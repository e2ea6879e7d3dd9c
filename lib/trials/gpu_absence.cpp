#include "trials/gpu_absence.h"

#include "train/gpu.h"
#include "trials/child_process.h"

namespace mlrun::trials {
namespace {

std::string ask() {
  ChildProcess process([](Channel& parent) { parent.send(train::why_no_gpu()); });
  if (const auto answer = process.channel().receive()) return *answer;
  return "the GPU backend could not be loaded: its process was " + process.reap();
}

}  // namespace

const std::string& gpu_absence() {
  static const std::string absence = ask();
  return absence;
}

}  // namespace mlrun::trials
