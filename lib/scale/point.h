// What `mlrun scale` measures: one point of a scaling curve, and what came out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mlrun::scale {

/// What a curve is over. Stored on disk by name.
enum class Strategy {
  kWorkers,  ///< trainings side by side on the CPU, one process each
  kThreads,  ///< threads inside one training on the CPU
  kGpus,     ///< trainings side by side, one GPU each
  kStreams,  ///< trainings at a time on one GPU
  kStack,    ///< trainings as one graph, on one GPU or a core
};

enum class Mode {
  kStrong,  ///< the same work for every number of workers
  kWeak,    ///< work in proportion
};

std::string_view to_string(Strategy strategy);
std::string_view to_string(Mode mode);

/// Whether it is measured on a GPU, where there is one.
bool uses_gpu(Strategy strategy);

/// One measurement to be made.
struct Point {
  Strategy strategy = Strategy::kWorkers;
  Mode mode = Mode::kStrong;
  int workers = 1;       ///< processes; those of GPUs have one each
  int threads = 1;       ///< of a training
  int streams = 1;       ///< trainings at a time in a process
  int stack = 1;         ///< trainings as one
  int32_t cell = 0;      ///< of the varied setting
  int tasks = 1;         ///< trainings, dealt out in stacks, to all streams in turn
  double row_share = 1;  ///< fraction of the training rows that are used
  int batch_factor = 1;  ///< batch size = factor x as written
  int repeat = 0;

  /// What the curve is over.
  int parallelism() const { return workers * threads * streams * stack; }
  /// Trainings or stacks at a time.
  int lanes() const { return workers * streams; }
};

/// What was measured. compute + communication + data + idle = seconds, each the mean over lanes.
struct Measurement {
  Point point;
  std::string params;  ///< what is varied in its cell, "batch_size=64"; empty if nothing is
  int64_t parameters = 0;
  double seconds = 0;  ///< from the common start to the last worker's end
  double compute = 0;
  double communication = 0;  ///< 0 until there is some
  double data = 0;
  double idle = 0;  ///< set-up, and waiting for the last worker
  double samples_per_second = 0;
  double loss = 0;  ///< of the last epoch, mean over the trainings
};

}  // namespace mlrun::scale
