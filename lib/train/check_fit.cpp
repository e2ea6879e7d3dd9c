#include "train/check_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/suggest.h"
#include "nn/contrastive.h"
#include "nn/layers/bidirectional.h"
#include "nn/layers/gan.h"
#include "nn/layers/merge.h"
#include "nn/layers/recurrent.h"
#include "nn/losses.h"
#include "train/outputs.h"

namespace mlrun::train {
namespace {

using config::ExperimentSpec;
using graph::ValueId;

// Scores for all classes that may be learned, and perhaps more.
bool holds(const Shape& output, const Shape& wanted) {
  return output.rank() == 3 && output[1] == wanted[1] && output[2] >= wanted[2];
}

// `output` ends in the scores of the classes.
void check_ignored(const config::Ref<config::LossKind>& loss, const Shape& output,
                   Diagnostics& diagnostics) {
  const std::optional<int64_t> ignored = loss.as<nn::Loss>().ignored();
  if (!ignored || *ignored < output.back()) return;
  diagnostics.error(loss.mark, fmt::format("ignore_class is {}, but the classes are 0 to {}",
                                           *ignored, output.back() - 1));
}

// Says which layer keeps the last step only, if one does: of a target for every step the model has
// (N, K) to show.
std::string hint_at_sequences(const ExperimentSpec& spec, const Shape& output) {
  if (output.rank() != 2) return "";
  for (size_t at = spec.model.size(); at-- > 0;) {
    const auto* layer = spec.model[at].object.get();
    const auto* both = dynamic_cast<const nn::Bidirectional*>(layer);
    if (both) layer = both->layer.object.get();
    const auto* recurrent = dynamic_cast<const nn::RecurrentLayer*>(layer);
    if (!recurrent || recurrent->return_sequences) continue;
    return fmt::format("; {} gives the last step only, unless it has return_sequences: true",
                       both ? both->layer.type->name : spec.model[at].type->name);
  }
  return "";
}

// The targets are a label for every step.
void check_sequence_output(const ExperimentSpec& spec, const data::Dataset& dataset,
                           const Shape& output, Diagnostics& diagnostics) {
  const auto& loss = spec.train.loss;
  const auto classes = static_cast<int64_t>(dataset.class_names.size());
  const Shape wanted{kBatch, dataset.label_width, classes};
  if (loss.as<nn::Loss>().target_kind() != nn::TargetKind::kLabels) {
    diagnostics.error(loss.mark, fmt::format("loss {} does not go with a class for every step; use "
                                             "sparse_categorical_crossentropy",
                                             loss.type->name));
  } else if (!dataset.labels_are_words() ? output != wanted : !holds(output, wanted)) {
    diagnostics.error(spec.model.back().mark,
                      fmt::format("the model must end in {}, one score for each of the {} classes "
                                  "at every step, not {}{}",
                                  wanted.to_string(), classes, output.to_string(),
                                  hint_at_sequences(spec, output)));
  } else {
    check_ignored(loss, output, diagnostics);
  }
  if (dataset.labels_are_words() && !spec.train.metrics.empty()) {
    diagnostics.error(spec.train.metrics[0].mark,
                      fmt::format("metric {} needs classes that are known before the training, but "
                                  "the tokens are learned; watch the loss",
                                  spec.train.metrics[0].type->name));
  }
  if (spec.train.class_weight.any()) {
    diagnostics.error(loss.mark,
                      "class_weight needs one class a row, but the target is a sequence");
  }
}

void report_not_flat(const Mark& mark, const Shape& output, Diagnostics& diagnostics) {
  diagnostics.error(mark, fmt::format("the model must end in (N, K), not {}; add a Flatten layer",
                                      output.to_string()));
}

// Features [begin, end) that a layer reads from the data, itself or by a slice of it.
struct FeatureRange {
  int64_t begin = 0;
  int64_t end = 0;

  // Tokens that may be among them; those of a translation are the classes.
  int64_t tokens(const data::Dataset& dataset) const {
    if (!dataset.target_words) return dataset.token_count;
    const int64_t source = dataset.width() - dataset.label_width;
    const auto classes = static_cast<int64_t>(dataset.class_names.size());
    return std::max(begin < source ? dataset.token_count : 0, end > source ? classes : 0);
  }
};

// What the layer at `at` reads; nothing if it is no feature.
std::optional<FeatureRange> features_read(const ExperimentSpec& spec, size_t at, int64_t width) {
  const auto& layer = spec.model[at].as<nn::Layer>();
  const auto is_data = [](const nn::Layer& one, size_t position) {
    return one.inputs ? one.inputs->front() == "input" : position == 0;
  };
  if (is_data(layer, at)) return FeatureRange{0, width};
  for (size_t i = 0; i < at; ++i) {
    const auto* slice = dynamic_cast<const nn::Slice*>(spec.model[i].object.get());
    const bool read = layer.inputs ? slice && slice->name == layer.inputs->front() : i + 1 == at;
    if (!slice || !read || !is_data(*slice, i)) continue;
    return FeatureRange{slice->begin, slice->end.value_or(width)};
  }
  return {};
}

// An output with what it has to fit.
struct Judged {
  const config::Ref<config::LossKind>& loss;
  const Mark& mark;
  const data::Dataset& dataset;
  ValueId value;
};

bool has_other_than_labels(const data::Dataset& dataset) {
  const auto count = static_cast<size_t>(dataset.rows * dataset.target_width());
  return std::ranges::any_of(std::span(dataset.values, count),
                             [](float y) { return y < 0 || y > 1; });
}

// One probability, one of each class, or the values of a row.
void check_flat_output(const Judged& judged, const graph::Graph& g, Diagnostics& diagnostics) {
  const auto& [loss, mark, dataset, value] = judged;
  const Shape& output = g.shape(value);
  const nn::TargetKind kind = loss.as<nn::Loss>().target_kind();
  if (output.rank() != 2) return report_not_flat(mark, output, diagnostics);
  const int64_t width = output.back();
  const auto classes = static_cast<int64_t>(dataset.class_names.size());
  if ((kind == nn::TargetKind::kValues) == dataset.is_classification()) {
    diagnostics.error(loss.mark, fmt::format("loss {} does not go with a target of {}",
                                             loss.type->name, classes > 0 ? "classes" : "values"));
  } else if (kind == nn::TargetKind::kBinary && classes != 2) {
    diagnostics.error(loss.mark, fmt::format("{} is for two classes, but the data has {}; use "
                                             "sparse_categorical_crossentropy",
                                             loss.type->name, classes));
  } else if (kind == nn::TargetKind::kBinary && width != 1) {
    diagnostics.error(
        mark, fmt::format("{} needs a model that ends in 1 unit, not {}", loss.type->name, width));
  } else if (kind == nn::TargetKind::kLabels && width != classes) {
    diagnostics.error(
        mark, fmt::format("the model must end in {0} units, one for each class, not {1}", classes,
                          width));
  } else if (kind == nn::TargetKind::kValues && dataset.target_width() == 0) {
    diagnostics.error(loss.mark, fmt::format("the loss {} wants a target of values, but there is "
                                             "none; set dataset.target",
                                             loss.type->name));
  } else if (kind == nn::TargetKind::kValues && width != dataset.target_width()) {
    diagnostics.error(
        mark, fmt::format("the model must end in {0} unit{1}, one for each target column, not {2}",
                          dataset.target_width(), dataset.target_width() == 1 ? "" : "s", width));
  } else if (loss.as<nn::Loss>().is_multi_label() && has_other_than_labels(dataset)) {
    diagnostics.error(loss.mark, fmt::format("{} with multi_label wants targets from 0 to 1, but "
                                             "the data has others",
                                             loss.type->name));
  } else if (const std::string misfit = loss.as<nn::Loss>().misfit(g, value); !misfit.empty()) {
    diagnostics.error(mark, loss.type->name + " " + misfit);
  } else {
    check_ignored(loss, output, diagnostics);
  }
}

}  // namespace

bool check_graphs(const ExperimentSpec& spec, const data::Dataset& dataset,
                  Diagnostics& diagnostics) {
  if (!dataset.graphs) return true;
  const bool none = nn::target_kind(spec.train) == nn::TargetKind::kNone;
  if (!none && nn::as_gan(spec.model) == nullptr) return true;
  diagnostics.error(spec.model.back().mark,
                    "graphs need a target: GANs and autoencoders are of "
                    "samples without edges");
  return false;
}

void check_no_target(const ExperimentSpec& spec, const data::Dataset& dataset, const Shape& input,
                     const Shape& output, Diagnostics& diagnostics) {
  const Mark& mark = spec.model.back().mark;
  if (nn::as_contrastive(spec.train)) {
    if (output.rank() != 2) report_not_flat(mark, output, diagnostics);
  } else if (!nn::as_gan(spec.model) && output.sample_elements() != input.sample_elements()) {
    diagnostics.error(mark, fmt::format("the target is the input {}, but the model ends in {}",
                                        input.to_string(), output.to_string()));
  }
  for (const auto& metric : spec.train.metrics) {
    if (dataset.class_names.size() == 2) continue;
    diagnostics.error(metric.mark,
                      fmt::format("metric {} compares scores with two classes, but the data has {}",
                                  metric.type->name, dataset.class_names.size()));
  }
  if (dataset.has_label_sequences() && !spec.train.metrics.empty()) {
    diagnostics.error(spec.train.metrics[0].mark,
                      fmt::format("metric {} needs one class a row, but the data has sequences",
                                  spec.train.metrics[0].type->name));
  }
  const nn::Gan* gan = nn::as_gan(spec.model);
  if (gan && gan->conditional && !dataset.is_classification()) {
    diagnostics.error(mark, "a conditional GAN needs classes; set dataset.target");
  } else if (gan && gan->conditional && dataset.has_label_sequences()) {
    diagnostics.error(mark, "a conditional GAN needs one class a row, but the data has sequences");
  }
}

void check_output(const ExperimentSpec& spec, const data::Dataset& dataset, const graph::Graph& g,
                  ValueId value, Diagnostics& diagnostics) {
  if (dataset.has_label_sequences()) {
    return check_sequence_output(spec, dataset, g.shape(value), diagnostics);
  }
  check_flat_output({spec.train.loss, spec.model.back().mark, dataset, value}, g, diagnostics);
}

void check_further_outputs(const ExperimentSpec& spec, const data::Dataset& dataset,
                           const Shape& input, const graph::Graph& g,
                           std::span<const nn::WantedLayer> outputs, Diagnostics& diagnostics) {
  if (outputs.empty()) return;
  const bool windows_of_text = dataset.tokens && !dataset.words;
  if (dataset.has_label_sequences() || dataset.is_one_graph() || windows_of_text) {
    diagnostics.error(outputs.front().mark,
                      "further outputs need rows that are samples of their own with one target: "
                      "no sequences of labels, no windows of text, no nodes or links of one graph");
    return;
  }
  const std::vector<Output> all = further_outputs(spec, dataset);
  for (size_t i = 0; i < all.size(); ++i) {
    const Output& output = all[i];
    const ValueId value = outputs[i].value;
    if (output.kind != nn::TargetKind::kNone) {
      check_flat_output({output.spec->loss, outputs[i].mark, *output.dataset, value}, g,
                        diagnostics);
    } else if (g.shape(value).sample_elements() != input.sample_elements()) {
      diagnostics.error(outputs[i].mark,
                        fmt::format("'{}' is compared with the input {}, but is {}", output.name,
                                    input.to_string(), g.shape(value).to_string()));
    }
  }
}

void check_class_weights(const ExperimentSpec& spec, const data::Dataset& dataset,
                         Diagnostics& diagnostics) {
  for (const auto& [name, weight] : spec.train.class_weight.weights) {
    const auto& known = dataset.class_names;
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      std::string hint = did_you_mean(name, known);
      if (hint.empty()) hint = fmt::format("; it has {}", fmt::join(known, ", "));
      diagnostics.error(spec.train.class_weight_mark,
                        fmt::format("class_weight names class '{}', which the data does not "
                                    "have{}",
                                    name, hint));
    }
  }
}

void check_tokens(const ExperimentSpec& spec, const data::Dataset& dataset,
                  Diagnostics& diagnostics) {
  if (dataset.token_count == 0) return;
  for (size_t at = 0; at < spec.model.size(); ++at) {
    const auto& ref = spec.model[at];
    const std::optional<int64_t> limit = ref.as<nn::Layer>().index_limit();
    const std::optional<FeatureRange> range = features_read(spec, at, dataset.width());
    if (!limit || !range || *limit >= range->tokens(dataset)) continue;
    diagnostics.error(ref.mark, fmt::format("{} has rows for {} tokens, but the data has {}",
                                            ref.type->name, *limit, range->tokens(dataset)));
  }
}

}  // namespace mlrun::train
