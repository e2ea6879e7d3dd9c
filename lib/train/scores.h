// The numbers that a training is judged by: its loss, its metrics, the model's own terms.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/experiment.h"
#include "data/dataset.h"
#include "train/epoch_outcome.h"
#include "train/metrics.h"
#include "train/outputs.h"

namespace mlrun::train {

/// "loss", the metrics, the model's loss terms, the metrics of further outputs: the columns of the
/// history.
std::vector<std::string> score_names(const config::ExperimentSpec& spec);

/// Where `name` is among score_names(), and its value among the scores of a training of `spec`;
/// past their end if it is none of them.
size_t score_place(const config::ExperimentSpec& spec, std::string_view name);

/// Whether more is better, for a name of score_names() (with or without "val_").
bool greater_is_better(const config::ExperimentSpec& spec, std::string_view score);

/// Whether any score needs predictions.
bool has_metrics(const config::TrainSpec& spec);

/// Computes the scores of score_names() on some rows. Not thread-safe.
class Scorer {
 public:
  /// Both must outlive it.
  Scorer(const config::ExperimentSpec& spec, const data::Dataset& dataset);

  /// `predictions` is rows.size() x output_width.
  std::vector<double> operator()(const Losses& losses, std::span<const int64_t> rows,
                                 std::span<const float> predictions, int64_t output_width);

  /// Whether a row has predictions for every step.
  bool sequences() const { return sequences_; }

  /// NaN for every score.
  std::vector<double> nothing() const;

 private:
  struct Part;
  double compute(const config::Ref<config::MetricKind>& ref) const;
  double mean_over_labels(const Metric& metric) const;
  void take(const Part& part, std::span<const int64_t> rows, std::span<const float> predictions,
            int64_t output_width);
  void take_target(const Part& part, int64_t row, int64_t width);
  void leave_out(int32_t label);

  const config::TrainSpec& spec_;
  const data::Dataset& dataset_;
  std::vector<Output> outputs_;
  bool sequences_;
  size_t count_;
  int64_t width_ = 1;                   ///< of what was taken last
  std::span<const float> predictions_;  ///< of a part
  std::vector<float> columns_;          ///< a copy of it, if it is not all that was predicted
  std::optional<int64_t> ignored_;      ///< a label that does not count
  float threshold_ = 0.5f;              ///< between two classes
  bool multi_label_ = false;            ///< each column is compared with classes of its own
  std::vector<int32_t> labels_;
  std::vector<float> targets_;
};

}  // namespace mlrun::train
