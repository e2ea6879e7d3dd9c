#include "train/check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.h"
#include "data/transform.h"
#include "graph/plan.h"
#include "nn/adversarial.h"
#include "nn/contrastive.h"
#include "nn/layers/gan.h"
#include "nn/layers/merge.h"
#include "nn/losses.h"
#include "train/fit.h"
#include "train/metrics.h"
#include "train/structure.h"
#include "train/training_graph.h"

namespace mlrun::train {
namespace {

using config::ExperimentSpec;
using graph::ValueId;

// As scikit-learn's MLP keeps back for early stopping.
constexpr double kDefaultValidation = 0.1;

void check_metrics(const config::TrainSpec& train, Diagnostics& diagnostics) {
  const nn::TargetKind kind = nn::target_kind(train);
  std::vector<std::string> seen;
  for (const auto& metric : train.metrics) {
    const std::string& name = metric.type->name;
    if (kind == nn::TargetKind::kNone && !metric.as<Metric>().accepts(kind)) {
      diagnostics.error(metric.mark, fmt::format("metric {} needs a target, but this training has "
                                                 "none; auc compares each row's score with its "
                                                 "class",
                                                 name));
    } else if (!metric.as<Metric>().accepts(kind)) {
      const bool classes = kind != nn::TargetKind::kValues;
      diagnostics.error(metric.mark,
                        fmt::format("metric {} needs {}, but the loss {} is for {}", name,
                                    classes ? "values" : "classes", train.loss.type->name,
                                    classes ? "classes" : "values"));
    }
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      diagnostics.error(metric.mark, fmt::format("metric {} is listed twice", name));
    }
    seen.push_back(name);
  }
}

// About a score that is not computed; its first letters are "val_" or so, then the metric.
std::string score_hint(const std::string& score, size_t metric_begin,
                       const std::vector<std::string>& known) {
  if (const auto* type = metric_catalog().find(score.substr(metric_begin))) {
    return fmt::format("; add {} to train.metrics", type->name);
  }
  const std::string guess = did_you_mean(score, known);
  return guess.empty() ? fmt::format("; there are {}", fmt::join(known, ", ")) : guess;
}

void check_target(const ExperimentSpec& spec, Diagnostics& diagnostics) {
  const auto& loss = spec.train.loss;
  const bool adversarial = dynamic_cast<const nn::AdversarialLoss*>(loss.object.get()) != nullptr;
  const nn::Gan* gan = nn::as_gan(spec.model);
  if (adversarial != (gan != nullptr)) {
    diagnostics.error(loss.mark, adversarial
                                     ? fmt::format("loss {} needs the model GAN", loss.type->name)
                                     : fmt::format("loss {} does not go with the model GAN; use "
                                                   "non_saturating or wasserstein",
                                                   loss.type->name));
    return;
  }
  if (gan && spec.train.class_weight.any()) {
    diagnostics.error(spec.train.class_weight_mark, "class_weight does not go with the model GAN");
  }
  const nn::TargetKind kind = loss.as<nn::Loss>().target_kind();
  const bool labels = kind == nn::TargetKind::kLabels;
  const bool contrastive = nn::as_contrastive(spec.train) != nullptr;
  if (contrastive && spec.train.batch_size < 2) {
    diagnostics.error(loss.mark, fmt::format("loss {} tells the samples of a batch apart: "
                                             "batch_size must be at least 2",
                                             loss.type->name));
  }
  if (spec.train.target == config::TrainTarget::kInput && (labels || gan || contrastive)) {
    diagnostics.error(loss.mark, fmt::format("loss {} cannot compare the output with the input",
                                             loss.type->name));
  }
  if (spec.train.reduction == config::LossReduction::kSum && (labels || gan || contrastive)) {
    diagnostics.error(loss.mark, fmt::format("loss {} is no mean over outputs, so that there is "
                                             "nothing for reduction: sum",
                                             loss.type->name));
  }
}

void check_early_stopping(ExperimentSpec& spec, Diagnostics& diagnostics) {
  config::TrainSpec& train = spec.train;
  if (!train.early_stopping) return;
  const config::EarlyStoppingSpec& stopping = *train.early_stopping;
  std::vector<std::string> known = score_names(spec);
  for (size_t i = 0, n = known.size(); i < n; ++i) known.push_back("val_" + known[i]);
  if (std::find(known.begin(), known.end(), stopping.monitor) == known.end()) {
    const bool validation = stopping.monitor.starts_with("val_");
    const std::string hint = score_hint(stopping.monitor, validation ? 4 : 0, known);
    diagnostics.error(train.early_stopping_mark,
                      fmt::format("early_stopping cannot monitor '{}'{}", stopping.monitor, hint));
    return;
  }
  if (!stopping.monitor.starts_with("val_")) return;
  if (!train.validation_split) train.validation_split = kDefaultValidation;
  if (*train.validation_split == 0) {
    diagnostics.error(
        train.early_stopping_mark,
        fmt::format("early_stopping monitors '{}', but validation_split is 0", stopping.monitor));
  }
}

void check_class_weight(const config::TrainSpec& train, Diagnostics& diagnostics) {
  if (!train.class_weight.any()) return;
  if (train.loss.as<nn::Loss>().target_kind() != nn::TargetKind::kValues) return;
  diagnostics.error(train.class_weight_mark, fmt::format("class_weight needs classes, but the loss "
                                                         "{} is for values",
                                                         train.loss.type->name));
}

void check_scoring(ExperimentSpec& spec, Diagnostics& diagnostics) {
  const std::vector<std::string> known = score_names(spec);
  if (!spec.scoring) {
    spec.scoring = spec.train.metrics.empty() ? known[0] : known[1];
    return;
  }
  const config::ComponentType* type = metric_catalog().find(*spec.scoring);
  if (type) spec.scoring = type->name;
  if (std::find(known.begin(), known.end(), *spec.scoring) == known.end()) {
    diagnostics.error(spec.scoring_mark,
                      fmt::format("scoring '{}' is not computed{}", *spec.scoring,
                                  score_hint(*spec.scoring, 0, known)));
  }
}

// Scores for all classes that may be learned, and perhaps more.
bool holds(const Shape& output, const Shape& wanted) {
  return output.rank() == 3 && output[1] == wanted[1] && output[2] >= wanted[2];
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
                                  "at every step, not {}",
                                  wanted.to_string(), classes, output.to_string()));
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

// An output that is compared with the input, and scores that are compared with labels.
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
  const Shape& output = g.shape(value);
  const auto& loss = spec.train.loss;
  const Mark& mark = spec.model.back().mark;
  const nn::TargetKind kind = loss.as<nn::Loss>().target_kind();
  if (dataset.has_label_sequences())
    return check_sequence_output(spec, dataset, output, diagnostics);
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
  } else if (kind == nn::TargetKind::kValues && width != dataset.target_width()) {
    diagnostics.error(
        mark, fmt::format("the model must end in {0} unit{1}, one for each target column, not {2}",
                          dataset.target_width(), dataset.target_width() == 1 ? "" : "s", width));
  } else if (const std::string misfit = loss.as<nn::Loss>().misfit(g, value); !misfit.empty()) {
    diagnostics.error(mark, loss.type->name + " " + misfit);
  }
}

// More than any machine holds; also keeps the arithmetic of the plan below 2^63.
void check_size(const ExperimentSpec& spec, const ModelReport& report, Diagnostics& diagnostics) {
  constexpr double kMostNumbers = 1099511627776.0;  // 2^40: 4 TiB
  for (const nn::LayerSummary& layer : report.layers) {
    const double batch = static_cast<double>(layer.output.sample_elements()) *
                         static_cast<double>(spec.train.batch_size);
    if (std::max(static_cast<double>(layer.parameters), batch) <= kMostNumbers) continue;
    diagnostics.error(
        layer.mark,
        fmt::format("{} needs more than 4 TiB: at least {:.3g} parameters, and {:.3g} numbers for "
                    "a batch of {}",
                    layer.type, static_cast<double>(layer.parameters), batch,
                    spec.train.batch_size));
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

// A layer that looks up tokens of the data needs a row for each of them.
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

// Nodes of one graph and links of it are no samples that could be made or put out again.
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

// Every phase needs something to change. A GAN is a layer of which all is trained.
void check_trainable(const ExperimentSpec& spec, const std::vector<PhaseGraph>& phases,
                     Diagnostics& diagnostics) {
  const auto frozen = std::find_if(spec.model.begin(), spec.model.end(), [](const auto& layer) {
    return !layer.template as<nn::Layer>().trainable;
  });
  for (const PhaseGraph& phase : phases) {
    if (frozen == spec.model.end()) continue;
    if (!nn::as_gan(spec.model) && !phase.weights.empty()) continue;
    diagnostics.error(frozen->mark, "with trainable: false nothing is left to be trained");
    return;
  }
}

// Two views of a sample differ by what is drawn.
void check_views(const ExperimentSpec& spec, const PhaseGraph& phase, Diagnostics& diagnostics) {
  if (!nn::as_contrastive(spec.train) || phase.inputs.random_state != graph::kNoValue) return;
  diagnostics.error(spec.train.loss.mark,
                    fmt::format("loss {} compares two views of a sample, but nothing in the model "
                                "is random: begin it with RandomFlip, RandomCrop, "
                                "RandomTranslation or GaussianNoise",
                                spec.train.loss.type->name));
}

// Costs and memory of a training step: of all phases, as if they ran with every batch.
void plan_training(const GraphSetup& setup, const std::vector<PhaseGraph>& phases,
                   ModelReport& report) {
  for (const nn::Variable& variable : phases[0].variables) {
    report.variable_bytes += variable.shape.elements() * 4;
  }
  const int64_t batch = setup.spec->train.batch_size;
  for (const PhaseGraph& phase : phases) {
    for (const ValueId weight : phase.weights) {
      report.trainable += phase.graph.shape(weight).elements();
    }
    for (const ValueId slot : phase.update.slots) {
      report.variable_bytes += phase.graph.shape(slot).elements() * 4;
    }
    const graph::Plan plan = graph::make_plan(phase.graph, phase.kept(), batch);
    report.batch_bytes += plan.arena_bytes;
    report.unshared_bytes += plan.unshared_bytes;
    report.training_flops_per_sample += plan.cost.flops / static_cast<double>(batch);
  }
}

}  // namespace

void check_training(ExperimentSpec& spec, Diagnostics& diagnostics) {
  check_target(spec, diagnostics);
  check_metrics(spec.train, diagnostics);
  check_early_stopping(spec, diagnostics);
  check_class_weight(spec.train, diagnostics);
  check_scoring(spec, diagnostics);
}

ModelReport check_model(const ExperimentSpec& spec, const data::Dataset& dataset,
                        const store::ModelFile* initial_weights, Diagnostics& diagnostics) {
  ModelReport report;
  report.input = input_shape(dataset, spec.dataset);
  const GraphSetup setup{.spec = &spec,
                         .dataset = &dataset,
                         .input = report.input,
                         .adjacency = make_adjacency(dataset, {})};
  if (!check_graphs(spec, dataset, diagnostics)) return report;
  const bool gan = nn::as_gan(spec.model) != nullptr;
  const bool none = nn::target_kind(spec.train) == nn::TargetKind::kNone;
  graph::Graph g;
  nn::Builder builder(g, false);
  const GraphInputs inputs = add_inputs(g, setup, false);
  ValueId output = inputs.features;
  if (!gan) {
    output = append_model(builder, setup, inputs, diagnostics);
    if (output == graph::kNoValue) return report;
  }
  const size_t errors = diagnostics.size();
  if (none) check_no_target(spec, dataset, report.input, g.shape(output), diagnostics);
  report.layers = builder.summary();
  if (gan && diagnostics.size() == errors) report.layers = build_inference(setup).summary;
  for (const nn::LayerSummary& layer : report.layers) {
    report.parameters += layer.parameters;
    report.flops_per_sample += layer.flops;
  }
  check_size(spec, report, diagnostics);
  if (!none) check_output(spec, dataset, g, output, diagnostics);
  check_class_weights(spec, dataset, diagnostics);
  check_tokens(spec, dataset, diagnostics);
  if (diagnostics.size() != errors) return report;
  const std::vector<PhaseGraph> phases = build_phases(setup);
  check_trainable(spec, phases, diagnostics);
  check_views(spec, phases[0], diagnostics);
  if (initial_weights) {
    const std::vector<nn::Variable>& variables = phases[0].variables;
    check_take_over(*initial_weights, variables, report.layers, spec.train.initial_weights_mark,
                    diagnostics);
    report.start = take_over(*initial_weights, variables);
  }
  plan_training(setup, phases, report);
  return report;
}

}  // namespace mlrun::train
