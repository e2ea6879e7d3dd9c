#include "train/outputs.h"

namespace mlrun::train {
namespace {

// As of a target of its own: one probability, one of each class, the values, or one loss.
int64_t width_of(nn::TargetKind kind, const data::Dataset& dataset) {
  if (kind == nn::TargetKind::kLabels) return static_cast<int64_t>(dataset.class_names.size());
  return kind == nn::TargetKind::kValues ? dataset.target_width() : 1;
}

}  // namespace

nn::TargetKind target_kind(const config::OutputSpec& spec) {
  if (spec.target == config::TrainTarget::kInput) return nn::TargetKind::kNone;
  return spec.loss.as<nn::Loss>().target_kind();
}

std::vector<Output> further_outputs(const config::ExperimentSpec& spec,
                                    const data::Dataset& dataset) {
  std::vector<Output> outputs;
  for (const auto& [name, output] : spec.train.outputs.list) {
    const data::Dataset& own = output.columns.empty() ? dataset : *dataset.outputs.at(name);
    const nn::TargetKind kind = target_kind(output);
    outputs.push_back({name, &output, &own, kind, width_of(kind, own)});
  }
  return outputs;
}

int64_t total_width(const std::vector<Output>& outputs) {
  int64_t width = 0;
  for (const Output& output : outputs) width += output.width;
  return width;
}

std::vector<nn::WantedLayer> wanted_layers(const config::TrainSpec& spec) {
  std::vector<nn::WantedLayer> layers;
  for (const auto& [name, output] : spec.outputs.list) layers.push_back({name, output.mark, {}});
  return layers;
}

std::vector<data::OutputColumns> output_columns(const config::TrainSpec& spec) {
  std::vector<data::OutputColumns> all;
  for (const auto& [name, output] : spec.outputs.list) {
    if (output.columns.empty()) continue;
    const bool classify = target_kind(output) != nn::TargetKind::kValues;
    all.push_back({name, output.columns, classify, output.mark, output.marks});
  }
  return all;
}

std::string loss_name(const std::string& output) { return output + "_loss"; }

std::string metric_name(const std::string& output, const std::string& metric) {
  return output + "_" + metric;
}

}  // namespace mlrun::train
