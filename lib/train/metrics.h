// What is reported besides the loss. scikit-learn's definitions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "config/experiment.h"
#include "nn/losses.h"

namespace mlrun::train {

/// Predictions of R samples (or of all steps of several) and what they should have been.
/// `predictions` is R x `width`, row-major: what nn::Loss::prediction() makes of outputs,
/// probabilities (kBinary: of class 1, or its margin; kLabels: of each class) or values, or (kNone)
/// the loss of each row.
struct Scores {
  std::span<const float> predictions;
  int64_t width = 1;
  std::span<const int32_t> labels;  ///< R, of kBinary and kLabels; of kNone if the data has them
  std::span<const float> values;    ///< R x width, of kValues
  std::optional<int64_t> ignored = {};  ///< a class that does not count: no label is it
  float threshold = 0.5f;               ///< of kBinary: above it a prediction is class 1

  int64_t rows() const { return static_cast<int64_t>(predictions.size()) / width; }
};

class Metric : public config::Component {
 public:
  /// Whether it is defined for this kind of target.
  virtual bool accepts(nn::TargetKind kind) const = 0;
  virtual bool greater_is_better() const { return true; }

  /// Whether margins are not enough.
  virtual bool needs_probabilities() const { return false; }

  /// NaN where it is undefined (no rows, AUC of one class).
  virtual double compute(const Scores& scores) const = 0;
};

const config::Catalog& metric_catalog();

}  // namespace mlrun::train
