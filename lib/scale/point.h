// What `mlrun scale` measures: one point of a scaling curve, and what came out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mlrun::scale {

/// Stored on disk by name.
enum class Strategy {
  kWorkers,  ///< trainings side by side, one process each
  kThreads,  ///< threads inside one training
};

enum class Mode {
  kStrong,  ///< the same work for every number of workers
  kWeak,    ///< work in proportion
};

std::string_view to_string(Strategy strategy);
std::string_view to_string(Mode mode);

/// One measurement to be made.
struct Point {
  Strategy strategy = Strategy::kWorkers;
  Mode mode = Mode::kStrong;
  int workers = 1;
  int threads = 1;
  int32_t cell = 0;      ///< of the varied setting
  int tasks = 1;         ///< trainings, dealt out to the workers in turn
  double row_share = 1;  ///< fraction of the training rows that are used
  int batch_factor = 1;  ///< batch size = factor x as written
  int repeat = 0;

  /// What the curve is over.
  int parallelism() const { return strategy == Strategy::kWorkers ? workers : threads; }
};

/// What was measured. compute + communication + data + idle = seconds, each the mean over workers.
struct Measurement {
  Point point;
  int64_t parameters = 0;
  double seconds = 0;  ///< from the common start to the last worker's end
  double compute = 0;
  double communication = 0;  ///< 0 until there is some
  double data = 0;
  double idle = 0;  ///< waiting for the others, and the loop around the steps
  double samples_per_second = 0;
  double loss = 0;  ///< of the last epoch, mean over the trainings
};

}  // namespace mlrun::scale
