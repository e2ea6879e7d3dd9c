// A small experiment for tests: two moons, a small net.
#pragma once

#include <string>
#include <vector>

#include "config/experiment.h"
#include "data/dataset.h"
#include "train/fit.h"

namespace mlrun::test {

struct SampleExperiment {
  config::ExperimentSpec spec;
  data::Dataset dataset;
  std::vector<int64_t> train_rows;
  std::vector<int64_t> test_rows;

  /// 200 samples, the last 50 for testing; `overrides` as on the command line.
  explicit SampleExperiment(const std::vector<std::string>& overrides = {});
};

/// Its rows, without a checkpoint; keeps the model.
train::FitInput input_of(const SampleExperiment& e);

}  // namespace mlrun::test
