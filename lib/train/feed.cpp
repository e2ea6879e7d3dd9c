#include "train/feed.h"

#include <algorithm>
#include <numeric>

#include "data/masked_tokens.h"
#include "data/negative_table.h"
#include "data/same_bits.h"
#include "train/outputs.h"

namespace mlrun::train {
namespace {

// Of one class or the values of a row each.
void fill_target(const FeedTarget& target, std::span<const int64_t> rows, void* out) {
  const data::Dataset& dataset = *target.dataset;
  if (dataset.values && target.kind == nn::TargetKind::kValues) {
    return target.scaling.gather(dataset, rows, static_cast<float*>(out));
  }
  if (!dataset.is_classification()) return;
  for (size_t i = 0; i < rows.size(); ++i) {
    const int32_t label = dataset.classes[rows[i]];
    if (target.kind == nn::TargetKind::kLabels) {
      static_cast<int32_t*>(out)[i] = label;
    } else if (target.kind == nn::TargetKind::kBinary) {
      static_cast<float*>(out)[i] = static_cast<float>(label);
    }
  }
}

// Where a model file has what is of a further output, or of the last layer.
std::string target_key(const std::string& output) {
  return output.empty() ? "target" : "outputs/" + output;
}

std::string classes_key(const std::string& output) { return target_key(output) + "/classes"; }
std::string values_key(const std::string& output) { return target_key(output) + "/values"; }

void save_names(const FeedTarget& target, store::ModelFile& model) {
  const data::Dataset& dataset = *target.dataset;
  if (dataset.is_classification() && !dataset.labels_are_words()) {
    model.names[classes_key(target.output)] = dataset.class_names;
  }
  if (dataset.values) model.names[values_key(target.output)] = dataset.target_names;
}

void take_names(data::Dataset& dataset, const store::ModelFile& model, const std::string& output) {
  const auto classes = model.names.find(classes_key(output));
  if (classes != model.names.end()) dataset.class_names = classes->second;
  const auto values = model.names.find(values_key(output));
  if (values != model.names.end()) dataset.target_names = values->second;
}

// Columns from `begin` on in rows of `width`.
void restore_columns(const FeedTarget& target, std::span<float> predictions, int64_t begin,
                     int64_t width) {
  if (target.kind != nn::TargetKind::kValues || !target.scaling.scales()) return;
  for (size_t row = 0; row < predictions.size(); row += static_cast<size_t>(width)) {
    float* columns = predictions.data() + row + begin;
    for (size_t k = 0; k < static_cast<size_t>(target.width); ++k) {
      columns[k] = target.scaling.restore(k, columns[k]);
    }
  }
}

}  // namespace

std::vector<std::string> trained_classes(const store::ModelFile& model) {
  const auto classes = model.names.find(classes_key(""));
  return classes == model.names.end() ? std::vector<std::string>() : classes->second;
}

std::vector<FeedTarget> further_targets(const config::ExperimentSpec& spec,
                                        const data::Dataset& dataset,
                                        std::span<const int64_t> train_rows) {
  std::vector<FeedTarget> targets;
  for (const Output& output : further_outputs(spec, dataset)) {
    targets.push_back({output.name, output.dataset, output.kind, output.width, {}});
    if (!output.spec->standardize_target) continue;
    targets.back().scaling = data::TargetScaling::fit(*output.dataset, train_rows);
  }
  return targets;
}

std::vector<FeedTarget> further_targets(const config::ExperimentSpec& spec,
                                        const data::Dataset& dataset,
                                        const store::ModelFile& model) {
  std::vector<FeedTarget> targets;
  for (const Output& output : further_outputs(spec, dataset)) {
    targets.push_back({output.name, output.dataset, output.kind, output.width,
                       data::TargetScaling::load(model, target_key(output.name))});
  }
  return targets;
}

data::Dataset as_trained(const data::Dataset& dataset, const store::ModelFile& model) {
  data::Dataset named = dataset;
  named.columns = data::trained_columns(std::move(named.columns), model);
  take_names(named, model, "");
  for (auto& [output, own] : named.outputs) {
    auto copy = std::make_shared<data::Dataset>(*own);
    take_names(*copy, model, output);
    own = copy;
  }
  return named;
}

Feed::Feed(const data::Dataset& dataset, data::Transform transform, nn::TargetKind kind,
           std::vector<float> class_weights, const PhiloxStream& draws,
           std::vector<FeedTarget> further)
    : dataset_(dataset),
      transform_(std::move(transform)),
      target_{"", &dataset, kind, dataset.target_width(), transform_.targets()},
      draws_(draws),
      class_weights_(std::move(class_weights)),
      further_(std::move(further)) {}

bool Feed::is_same(const Feed& other) const {
  return &dataset_ == &other.dataset_ && target_.kind == other.target_.kind && is_constant() &&
         transform_.is_same(other.transform_) &&
         data::same_bits(class_weights_, other.class_weights_);
}

int64_t Feed::target_width() const {
  return target_.kind == nn::TargetKind::kValues ? dataset_.target_width() : dataset_.label_width;
}

std::span<const std::string> Feed::token_names() const {
  return dataset_.words ? transform_.token_names() : dataset_.token_names;
}

int64_t Feed::item_width() const {
  if (!dataset_.graphs) return 0;
  return dataset_.graphs->rows == data::Graphs::Rows::kLinks ? 2 : 1;
}

void Feed::save(store::ModelFile& model) const {
  transform_.save(dataset_.table(), model);
  save_names(target_, model);
  for (const FeedTarget& target : further_) {
    save_names(target, model);
    target.scaling.save(model, target_key(target.output));
  }
  const std::span<const std::string> tokens = token_names();
  model.vocabulary.assign(tokens.begin(), tokens.end());
  const std::span<const std::string> translations = target_token_names();
  model.target_vocabulary.assign(translations.begin(), translations.end());
}

void Feed::fill_nodes(float* features) const {
  std::vector<int64_t> nodes(static_cast<size_t>(dataset_.table().rows));
  std::iota(nodes.begin(), nodes.end(), 0);
  transform_.gather(dataset_.table(), nodes, features);
}

void Feed::fill_items(std::span<const int64_t> rows, int32_t* items) const {
  for (const int64_t row : rows) {
    if (item_width() == 2) {
      const auto& link = dataset_.graphs->links[static_cast<size_t>(row)];
      items = std::copy(link.begin(), link.end(), items);
    } else {
      *items++ = static_cast<int32_t>(row);
    }
  }
}

void Feed::fill(std::span<const int64_t> rows, const BatchMemory& batch, uint64_t pass) const {
  if (dataset_.graphs) fill_items(rows, batch.items);
  if (!dataset_.is_one_graph()) transform_.gather(dataset_, rows, batch.features);
  if (dataset_.negatives) {
    dataset_.negatives->fill(rows, dataset_.width(), draws_, pass, batch.features);
  }
  if (target_.kind != nn::TargetKind::kValues && dataset_.has_label_sequences()) {
    return fill_labels(rows, batch, pass);
  }
  fill_target(target_, rows, batch.target);
  if (batch.weights && weighted()) {
    for (size_t i = 0; i < rows.size(); ++i) {
      batch.weights[i] = class_weights_[static_cast<size_t>(dataset_.classes[rows[i]])];
    }
  }
  for (size_t i = 0; i < batch.further.size(); ++i) {
    fill_target(further_[i], rows, batch.further[i]);
  }
}

void Feed::restore(std::span<float> predictions, int64_t width) const {
  int64_t at = width;
  for (size_t i = further_.size(); i-- > 0;) {
    at -= further_[i].width;
    restore_columns(further_[i], predictions, at, width);
  }
  restore_columns(target_, predictions, 0, width);
}

void Feed::fill_labels(std::span<const int64_t> rows, const BatchMemory& batch,
                       uint64_t pass) const {
  auto* out = static_cast<int32_t*>(batch.target);
  if (dataset_.masked) {
    const auto tokens = static_cast<uint64_t>(transform_.token_names().size());
    return dataset_.masked->fill(rows, {draws_, pass, tokens}, batch.features, out);
  }
  if (dataset_.labels_are_words()) return transform_.gather_labels(dataset_, rows, out);
  for (const int64_t row : rows) {
    out = std::copy_n(dataset_.classes + row * dataset_.label_width, dataset_.label_width, out);
  }
}

TensorType target_type(const data::Dataset& dataset, nn::TargetKind kind) {
  switch (kind) {
    case nn::TargetKind::kValues:
      return {Shape{kBatch, dataset.target_width()}, DType::kFloat32};
    case nn::TargetKind::kBinary:
      return {Shape{kBatch, 1}, DType::kFloat32};
    case nn::TargetKind::kLabels:
    case nn::TargetKind::kNone:
      break;
  }
  return {dataset.has_label_sequences() ? Shape{kBatch, dataset.label_width} : Shape{kBatch},
          DType::kInt32};
}

std::vector<float> class_weights(const config::ClassWeight& spec, const data::Dataset& dataset,
                                 std::span<const int64_t> rows) {
  if (!spec.any() || !dataset.is_classification()) return {};
  const size_t classes = dataset.class_names.size();
  std::vector<float> weights(classes, 1.0f);
  for (size_t c = 0; c < classes; ++c) {
    const auto found = spec.weights.find(dataset.class_names[c]);
    if (found != spec.weights.end()) weights[c] = static_cast<float>(found->second);
  }
  if (!spec.balanced) return weights;
  std::vector<double> counts(classes, 0);
  for (const int64_t row : rows) counts[static_cast<size_t>(dataset.classes[row])] += 1;
  const auto present = static_cast<double>(
      std::count_if(counts.begin(), counts.end(), [](double count) { return count > 0; }));
  const auto total = static_cast<double>(rows.size());
  for (size_t c = 0; c < classes; ++c) {
    weights[c] = counts[c] > 0 ? static_cast<float>(total / (present * counts[c])) : 0.0f;
  }
  return weights;
}

}  // namespace mlrun::train
