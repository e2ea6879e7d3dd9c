#include "train/training_graph.h"

#include <fmt/format.h>

#include <algorithm>

#include "nn/contrastive.h"
#include "nn/layers/gan.h"
#include "nn/model.h"
#include "ops/functions.h"
#include "train/feed.h"
#include "train/gan_graph.h"
#include "train/outputs.h"

namespace mlrun::train {
namespace {

using graph::Graph;
using graph::kNoValue;
using graph::ValueId;

// A prediction for each sample, and of each further output.
struct Built {
  ValueId output = kNoValue;
  std::vector<ValueId> further;
};

Built build_model(nn::Builder& builder, const GraphSetup& setup, const GraphInputs& inputs) {
  Diagnostics diagnostics;
  std::vector<nn::WantedLayer> wanted = wanted_layers(setup.spec->train);
  Built built{append_model(builder, setup, inputs, wanted, diagnostics), {}};
  diagnostics.throw_if_any();
  for (const nn::WantedLayer& layer : wanted) built.further.push_back(layer.value);
  return built;
}

// The samples once more through the same weights, with draws of their own.
ValueId build_again(nn::Builder& builder, const GraphSetup& setup, const GraphInputs& inputs) {
  builder.reuse_weights(true);
  const ValueId output = build_model(builder, setup, inputs).output;
  builder.reuse_weights(false);
  return output;
}

// In training the output is a view already; in scoring it is that of the images as they are.
ValueId losses_of_views(nn::Builder& builder, const GraphSetup& setup, const GraphInputs& inputs,
                        ValueId output) {
  builder.show_views(true);
  const ValueId a = builder.training() ? output : build_again(builder, setup, inputs);
  const ValueId b = build_again(builder, setup, inputs);
  builder.show_views(false);
  return nn::as_contrastive(setup.spec->train)->per_pair(builder.graph(), a, b);
}

// Of the loss alone, without what the model adds to it.
ValueId sample_losses(nn::Builder& builder, const GraphSetup& setup, ValueId output,
                      const GraphInputs& inputs) {
  Graph& g = builder.graph();
  const config::TrainSpec& train = setup.spec->train;
  if (nn::as_contrastive(train)) return losses_of_views(builder, setup, inputs, output);
  ValueId target = inputs.target;
  if (train.target == config::TrainTarget::kInput) {
    target = ops::reshape(g, inputs.features, g.shape(output));
  }
  const ValueId losses = train.loss.as<nn::Loss>().per_sample(g, output, target);
  if (train.reduction == config::LossReduction::kMean) return losses;
  return ops::scale(g, losses, static_cast<float>(g.shape(output).sample_elements()));
}

ValueId counted_labels(Graph& g, const GraphSetup& setup, ValueId output,
                       const GraphInputs& inputs) {
  const config::TrainSpec& train = setup.spec->train;
  if (train.target == config::TrainTarget::kInput) return kNoValue;
  return train.loss.as<nn::Loss>().counted(g, output, inputs.target);
}

// Adds a part to those of a sum. Those that count all samples are one.
void add_part(Graph& g, std::vector<CountedValue>& parts, const CountedValue& part) {
  const auto counts_all = [](const CountedValue& one) { return one.counted == kNoValue; };
  const auto other = std::find_if(parts.begin(), parts.end(), counts_all);
  if (!counts_all(part) || other == parts.end()) return parts.push_back(part);
  other->value = ops::add(g, other->value, part.value);
}

// The loss of the last layer, and what the model adds: that has its own weights, and is a mean over
// its own labels.
std::vector<CountedValue> loss_parts(Graph& g, const nn::Builder& builder,
                                     const CountedValue& losses) {
  std::vector<CountedValue> parts = {losses};
  for (const nn::LossTerm& term : builder.loss_terms()) {
    add_part(g, parts, {ops::scale(g, term.value, term.factor), term.counted});
  }
  return parts;
}

ValueId sum_of(Graph& g, const std::vector<CountedValue>& parts) {
  ValueId sum = parts[0].value;
  for (size_t i = 1; i < parts.size(); ++i) sum = ops::add(g, sum, parts[i].value);
  return sum;
}

// The means over the batch, of samples or of labels.
std::vector<CountedValue> means_of(Graph& g, const std::vector<CountedValue>& parts) {
  constexpr float kLeast = 1e-6f;
  std::vector<CountedValue> means;
  for (const auto& [value, counts] : parts) {
    if (counts == kNoValue) {
      means.push_back({ops::mean(g, value)});
      continue;
    }
    const ValueId counted = ops::mean(g, counts);
    const ValueId least = ops::unary(g, ops::Ew::kMaximumC, counted, kLeast);
    means.push_back({ops::div(g, ops::mean(g, ops::mul(g, value, counts)), least), counted});
  }
  return means;
}

// What an epoch adds up of such means.
std::vector<CountedValue> times_counted(Graph& g, std::vector<CountedValue> means) {
  for (CountedValue& mean : means) {
    if (mean.counted != kNoValue) mean.value = ops::mul(g, mean.value, mean.counted);
  }
  return means;
}

// The model's terms, those of one name added up, in the order of loss_term_names().
std::vector<CountedValue> named_terms(Graph& g, const GraphSetup& setup,
                                      const nn::Builder& builder) {
  std::vector<CountedValue> all;
  for (const std::string& name : loss_term_names(*setup.spec)) {
    CountedValue sum;
    for (const nn::LossTerm& term : builder.loss_terms()) {
      if (term.name != name) continue;
      sum.value = sum.value == kNoValue ? term.value : ops::add(g, sum.value, term.value);
      sum.counted = term.counted;
    }
    all.push_back(sum);
  }
  return all;
}

// The losses of further outputs become terms of the model. Returns the predictions.
std::vector<ValueId> add_outputs(nn::Builder& builder, const GraphSetup& setup, const Built& built,
                                 const GraphInputs& inputs) {
  Graph& g = builder.graph();
  std::vector<ValueId> predictions;
  const std::vector<Output> outputs = further_outputs(*setup.spec, *setup.dataset);
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Output& output = outputs[i];
    const ValueId value = built.further[i];
    const bool sample = output.kind == nn::TargetKind::kNone;
    const ValueId target =
        sample ? ops::reshape(g, inputs.features, g.shape(value)) : inputs.further[i];
    const ValueId losses = output.loss().per_sample(g, value, target);
    const ValueId counted = sample ? kNoValue : output.loss().counted(g, value, target);
    builder.add_loss_term(
        {loss_name(output.name), losses, static_cast<float>(output.spec->weight), counted});
    predictions.push_back(sample ? losses : output.loss().prediction(g, value));
  }
  return predictions;
}

// What the last layer makes of each sample; without a target, what it loses.
ValueId prediction_of(Graph& g, const GraphSetup& setup, ValueId output,
                      const std::vector<CountedValue>& losses) {
  if (nn::target_kind(setup.spec->train) == nn::TargetKind::kNone) return sum_of(g, losses);
  return setup.spec->train.loss.as<nn::Loss>().prediction(g, output);
}

// Those of further outputs side by side with the first.
ValueId join_predictions(Graph& g, ValueId first, const std::vector<ValueId>& further) {
  if (further.empty()) return first;
  const auto flat = [&g](ValueId value) {
    return ops::reshape(g, value, Shape{kBatch, g.shape(value).sample_elements()});
  };
  std::vector<ValueId> all = {flat(first)};
  for (const ValueId value : further) all.push_back(flat(value));
  return ops::concat(g, all, 1);
}

PhaseGraph build_phase(const GraphSetup& setup) {
  PhaseGraph phase;
  phase.name = "step";
  phase.optimizer = &setup.spec->train.optimizer.as<optim::Optimizer>();
  Graph& g = phase.graph;
  nn::Builder builder(g, true);
  phase.inputs = add_inputs(g, setup, setup.weighted);
  const Built built = build_model(builder, setup, phase.inputs);
  const ValueId output = built.output;
  const std::vector<ValueId> further = add_outputs(builder, setup, built, phase.inputs);
  CountedValue losses{sample_losses(builder, setup, output, phase.inputs),
                      counted_labels(g, setup, output, phase.inputs)};
  std::vector<CountedValue> parts = loss_parts(g, builder, losses);
  if (setup.predictions) {
    phase.prediction = join_predictions(g, prediction_of(g, setup, output, parts), further);
  }
  if (setup.weighted) {
    losses.value = ops::mul(g, losses.value, phase.inputs.weights);
    parts = loss_parts(g, builder, losses);
  }
  std::vector<CountedValue> means = means_of(g, parts);
  for (const ValueId penalty : builder.penalties()) add_part(g, means, {penalty});
  phase.objective = sum_of(g, means);
  phase.losses = times_counted(g, std::move(means));
  phase.terms = times_counted(g, means_of(g, named_terms(g, setup, builder)));
  phase.variables = builder.variables();
  phase.inputs.random_state = builder.random_state_or_none();
  for (const nn::Variable& variable : phase.variables) {
    if (variable.trainable) phase.weights.push_back(variable.value);
  }
  return phase;
}

}  // namespace

ValueId append_model(nn::Builder& builder, const GraphSetup& setup, const GraphInputs& inputs,
                     std::span<nn::WantedLayer> wanted, Diagnostics& diagnostics) {
  Graph& g = builder.graph();
  using Rows = data::Graphs::Rows;
  const data::Graphs* graphs = setup.dataset->graphs.get();
  if (graphs) {
    nn::Nodes nodes{setup.adjacency};
    if (graphs->rows == Rows::kLinks) nodes.links = inputs.items;
    if (graphs->rows == Rows::kGraphs) {
      nodes.graph = inputs.items;
      builder.set_mask(inputs.features, ops::node_mask(g, setup.adjacency, inputs.items));
    }
    builder.set_nodes(nodes);
  }
  const ValueId output =
      nn::build_model(builder, setup.spec->model, inputs.features, wanted, diagnostics);
  if (output == kNoValue || !setup.dataset->is_one_graph()) return output;
  const Shape& shape = g.shape(output);
  if (graphs->rows == Rows::kNodes && shape.rank() == 2 && shape[0] == setup.input[0]) {
    return ops::embedding(g, output, inputs.items);
  }
  if (graphs->rows == Rows::kLinks && shape.has_batch()) return output;
  diagnostics.error(setup.spec->model.back().mark,
                    fmt::format("the rows are {}, but the model ends in {}{}",
                                graphs->rows == Rows::kNodes ? "nodes" : "links", shape.to_string(),
                                graphs->rows == Rows::kNodes
                                    ? fmt::format("; it must end in ({}, K)", setup.input[0])
                                    : "; join the nodes of each by LinkEmbedding"));
  return kNoValue;
}

GraphInputs add_inputs(Graph& g, const GraphSetup& setup, bool weights) {
  GraphInputs inputs;
  inputs.features = g.input("features", {setup.input, DType::kFloat32});
  if (const data::Graphs* graphs = setup.dataset->graphs.get()) {
    const bool links = graphs->rows == data::Graphs::Rows::kLinks;
    inputs.items = g.input("items", {links ? Shape{kBatch, 2} : Shape{kBatch}, DType::kInt32});
  }
  const nn::TargetKind kind = feed_kind(*setup.spec);
  if (kind != nn::TargetKind::kNone) {
    inputs.target = g.input("target", target_type(*setup.dataset, kind));
  }
  for (const Output& output : further_outputs(*setup.spec, *setup.dataset)) {
    const bool sample = output.kind == nn::TargetKind::kNone;
    inputs.further.push_back(
        sample ? kNoValue
               : g.input("target/" + output.name, target_type(*output.dataset, output.kind)));
  }
  if (weights) inputs.weights = g.input("weights", {Shape{kBatch}, DType::kFloat32});
  return inputs;
}

std::vector<PhaseGraph> build_phases(const GraphSetup& setup) {
  std::vector<PhaseGraph> phases;
  if (nn::as_gan(setup.spec->model)) {
    phases.push_back(build_discriminator_phase(setup));
    phases.push_back(build_generator_phase(setup));
  } else {
    phases.push_back(build_phase(setup));
  }
  for (PhaseGraph& phase : phases) phase.finish(setup.spec->train);
  return phases;
}

namespace {

InferenceGraph build_plain_inference(const GraphSetup& setup) {
  InferenceGraph inference;
  Graph& g = inference.graph;
  nn::Builder builder(g, false);
  builder.sample_prior(setup.prior);
  inference.inputs = add_inputs(g, setup, false);
  const Built built = build_model(builder, setup, inference.inputs);
  const ValueId output = built.output;
  const std::vector<ValueId> further = add_outputs(builder, setup, built, inference.inputs);
  inference.losses = loss_parts(g, builder,
                                {sample_losses(builder, setup, output, inference.inputs),
                                 counted_labels(g, setup, output, inference.inputs)});
  inference.prediction =
      join_predictions(g, prediction_of(g, setup, output, inference.losses), further);
  if (!setup.prior) inference.terms = named_terms(g, setup, builder);
  inference.output = output;
  inference.layers = builder.outputs();
  inference.inputs.random_state = builder.random_state_or_none();
  inference.variables = builder.variables();
  inference.summary = builder.summary();
  return inference;
}

}  // namespace

InferenceGraph build_inference(const GraphSetup& setup) {
  InferenceGraph inference =
      nn::as_gan(setup.spec->model) ? build_gan_inference(setup) : build_plain_inference(setup);
  ops::set_precision(inference.graph, product_precision(setup.spec->train));
  return inference;
}

std::vector<std::string> loss_term_names(const config::ExperimentSpec& spec) {
  std::vector<std::string> names;
  for (const auto& layer : spec.model) {
    for (const std::string& name : layer.as<nn::Layer>().loss_terms()) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  for (const auto& [output, own] : spec.train.outputs.list) names.push_back(loss_name(output));
  return names;
}

nn::TargetKind feed_kind(const config::ExperimentSpec& spec) {
  const nn::Gan* gan = nn::as_gan(spec.model);
  return gan && gan->conditional ? nn::TargetKind::kLabels : nn::target_kind(spec.train);
}

}  // namespace mlrun::train
