// What a worker of a measurement does: the trainings of a point that fall to it.
#pragma once

#include <functional>
#include <vector>

#include "device/gpu_survey.h"
#include "scale/point.h"
#include "trials/engine.h"
#include "trials/search.h"

namespace mlrun::scale {

/// What came of some trainings.
struct Share {
  double finished = 0;  ///< now_seconds(), a clock all processes share
  double compute = 0;
  double data = 0;
  double samples = 0;
  double loss = 0;  ///< sum over the trainings
};

/// In the worker's process. Both calls throw Error when a training does not finish.
class Trainer {
 public:
  Trainer(const trials::Search& search, const Point& point, const trials::Placement& placement,
          const trials::EngineMaker& make_engine);

  /// One short epoch in each stream: code and data are in memory, the threads have started.
  void warm_up();

  /// The trainings of worker number `worker`.
  Share train(int worker);

 private:
  using Stream = std::function<void(int stream)>;

  void in_streams(const Stream& work) const;
  void train_stack(int first, Share& share) const;
  train::FitInput input_of(const config::ExperimentSpec& spec, std::span<const int64_t> rows,
                           int task) const;
  std::vector<train::FitResult> train_together(const config::ExperimentSpec& spec,
                                               std::span<const int64_t> rows, int first) const;

  const trials::Cell& cell_;
  config::ExperimentSpec spec_;
  const data::Dataset& dataset_;
  Point point_;
  std::vector<int64_t> rows_;
  trials::Engine engine_;
};

}  // namespace mlrun::scale
