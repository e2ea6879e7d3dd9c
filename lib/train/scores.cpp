#include "train/scores.h"

#include <algorithm>
#include <limits>

#include "train/training_graph.h"

namespace mlrun::train {

// Columns of the predictions with what they should have been.
struct Scorer::Part {
  const data::Dataset& dataset;
  nn::TargetKind kind;
  int64_t begin = 0;
  int64_t columns = 1;
  int64_t steps = 1;  ///< of a row
  const nn::Loss& loss;
};

Scorer::Scorer(const config::ExperimentSpec& spec, const data::Dataset& dataset)
    : spec_(spec.train),
      dataset_(dataset),
      outputs_(further_outputs(spec, dataset)),
      sequences_(nn::target_kind(spec.train) == nn::TargetKind::kLabels &&
                 dataset.has_label_sequences()),
      count_(score_names(spec).size()) {}

std::vector<double> Scorer::operator()(const Losses& losses, std::span<const int64_t> rows,
                                       std::span<const float> predictions, int64_t output_width) {
  std::vector<double> values = {losses.loss};
  int64_t at = output_width - total_width(outputs_);
  if (!spec_.metrics.empty()) {
    const int64_t steps = sequences_ ? dataset_.label_width : 1;
    take({dataset_, nn::target_kind(spec_), 0, at, steps, spec_.loss.as<nn::Loss>()}, rows,
         predictions, output_width);
  }
  for (const auto& metric : spec_.metrics) values.push_back(compute(metric));
  values.insert(values.end(), losses.terms.begin(), losses.terms.end());
  for (const Output& output : outputs_) {
    if (!output.spec->metrics.empty()) {
      take({*output.dataset, output.kind, at, output.width, 1, output.loss()}, rows, predictions,
           output_width);
    }
    for (const auto& metric : output.spec->metrics) values.push_back(compute(metric));
    at += output.width;
  }
  return values;
}

std::vector<double> Scorer::nothing() const {
  return std::vector<double>(count_, std::numeric_limits<double>::quiet_NaN());
}

// Macro average: each label is a task of two classes.
double Scorer::mean_over_labels(const Metric& metric) const {
  const auto width = static_cast<size_t>(width_);
  double sum = 0;
  for (size_t k = 0; k < width; ++k) {
    std::vector<float> predictions;
    std::vector<int32_t> labels;
    for (size_t i = k; i < targets_.size(); i += width) {
      predictions.push_back(predictions_[i]);
      labels.push_back(targets_[i] > 0.5f ? 1 : 0);
    }
    sum += metric.compute({predictions, 1, labels, {}, {}, threshold_});
  }
  return sum / static_cast<double>(width);
}

double Scorer::compute(const config::Ref<config::MetricKind>& ref) const {
  const auto& metric = ref.as<Metric>();
  const bool of_classes = !metric.accepts(nn::TargetKind::kValues);
  if (multi_label_ && of_classes) return mean_over_labels(metric);
  return metric.compute({predictions_, width_, labels_, targets_, ignored_, threshold_});
}

void Scorer::take(const Part& part, std::span<const int64_t> rows,
                  std::span<const float> predictions, int64_t output_width) {
  width_ = part.columns / part.steps;
  labels_.clear();
  targets_.clear();
  for (const int64_t row : rows) take_target(part, row, width_);
  predictions_ = predictions;
  if (part.columns != output_width) {
    columns_.clear();
    for (size_t i = 0; i < rows.size(); ++i) {
      const auto first = static_cast<int64_t>(i) * output_width + part.begin;
      const auto begin = predictions.begin() + first;
      columns_.insert(columns_.end(), begin, begin + part.columns);
    }
    predictions_ = columns_;
  }
  threshold_ = part.loss.is_of_margins() ? 0 : 0.5f;
  multi_label_ = part.kind == nn::TargetKind::kValues && part.loss.is_multi_label();
  ignored_ = part.loss.ignored();
  if (ignored_) leave_out(static_cast<int32_t>(*ignored_));
}

void Scorer::leave_out(int32_t label) {
  std::vector<float> kept;
  size_t count = 0;
  for (size_t i = 0; i < labels_.size(); ++i) {
    if (labels_[i] == label) continue;
    labels_[count++] = labels_[i];
    const auto begin = predictions_.begin() + static_cast<int64_t>(i) * width_;
    kept.insert(kept.end(), begin, begin + width_);
  }
  labels_.resize(count);
  columns_ = std::move(kept);
  predictions_ = columns_;
}

void Scorer::take_target(const Part& part, int64_t row, int64_t width) {
  const data::Dataset& dataset = part.dataset;
  if (part.kind == nn::TargetKind::kValues) {
    const float* values = dataset.values + row * width;
    targets_.insert(targets_.end(), values, values + width);
  } else if (dataset.classes) {
    const int32_t* labels = dataset.classes + row * dataset.label_width;
    labels_.insert(labels_.end(), labels, labels + dataset.label_width);
  }
}

std::vector<std::string> score_names(const config::ExperimentSpec& spec) {
  std::vector<std::string> names = {"loss"};
  for (const auto& metric : spec.train.metrics) names.push_back(metric.type->name);
  const std::vector<std::string> terms = loss_term_names(spec);
  names.insert(names.end(), terms.begin(), terms.end());
  for (const auto& [output, own] : spec.train.outputs.list) {
    for (const auto& metric : own.metrics) names.push_back(metric_name(output, metric.type->name));
  }
  return names;
}

size_t score_place(const config::ExperimentSpec& spec, std::string_view name) {
  const std::vector<std::string> names = score_names(spec);
  return static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

bool greater_is_better(const config::ExperimentSpec& spec, std::string_view score) {
  if (score.starts_with("val_")) score.remove_prefix(4);
  for (const auto& metric : spec.train.metrics) {
    if (metric.type->name == score) return metric.as<Metric>().greater_is_better();
  }
  for (const auto& [output, own] : spec.train.outputs.list) {
    for (const auto& metric : own.metrics) {
      if (metric_name(output, metric.type->name) == score) {
        return metric.as<Metric>().greater_is_better();
      }
    }
  }
  return false;
}

bool has_metrics(const config::TrainSpec& spec) {
  const auto& outputs = spec.outputs.list;
  return !spec.metrics.empty() || std::any_of(outputs.begin(), outputs.end(), [](const auto& one) {
    return !one.second.metrics.empty();
  });
}

}  // namespace mlrun::train
