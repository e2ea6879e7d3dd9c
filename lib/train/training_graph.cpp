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

ValueId counts(Graph& g, const GraphSetup& setup, ValueId output, const GraphInputs& inputs) {
  const config::TrainSpec& train = setup.spec->train;
  if (train.target == config::TrainTarget::kInput) return kNoValue;
  return train.loss.as<nn::Loss>().counted(g, output, inputs.target);
}

// The mean over the batch, weighted by `counts`, if there are any; `counted` is their mean.
ValueId weighted_mean(Graph& g, ValueId losses, ValueId counts, ValueId counted) {
  if (counts == kNoValue) return ops::mean(g, losses);
  constexpr float kLeast = 1e-6f;
  const ValueId least = ops::unary(g, ops::Ew::kMaximumC, counted, kLeast);
  return ops::div(g, ops::mean(g, ops::mul(g, losses, counts)), least);
}

// The model's terms of one name, added up; kNoValue if it has none.
ValueId term_of(Graph& g, const nn::Builder& builder, const std::string& name) {
  ValueId sum = kNoValue;
  for (const nn::LossTerm& term : builder.loss_terms()) {
    if (term.name != name) continue;
    sum = sum == kNoValue ? term.value : ops::add(g, sum, term.value);
  }
  return sum;
}

ValueId with_terms(Graph& g, const nn::Builder& builder, ValueId losses) {
  for (const nn::LossTerm& term : builder.loss_terms()) {
    losses = ops::add(g, losses, ops::scale(g, term.value, term.factor));
  }
  return losses;
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
    builder.add_loss_term(
        {loss_name(output.name), losses, static_cast<float>(output.spec->weight)});
    predictions.push_back(sample ? losses : output.loss().prediction(g, value));
  }
  return predictions;
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
  ValueId losses = with_terms(g, builder, sample_losses(builder, setup, output, phase.inputs));
  if (setup.predictions) {
    const bool rows = nn::target_kind(setup.spec->train) == nn::TargetKind::kNone;
    phase.prediction = join_predictions(
        g, rows ? losses : setup.spec->train.loss.as<nn::Loss>().prediction(g, output), further);
  }
  if (setup.weighted) losses = ops::mul(g, losses, phase.inputs.weights);
  const ValueId counts_of_samples = counts(g, setup, output, phase.inputs);
  if (counts_of_samples != kNoValue) phase.counted = ops::mean(g, counts_of_samples);
  phase.objective = weighted_mean(g, losses, counts_of_samples, phase.counted);
  for (const ValueId penalty : builder.penalties()) {
    phase.objective = ops::add(g, phase.objective, penalty);
  }
  phase.loss =
      phase.counted == kNoValue ? phase.objective : ops::mul(g, phase.objective, phase.counted);
  for (const std::string& name : loss_term_names(*setup.spec)) {
    phase.terms.push_back(ops::mean(g, term_of(g, builder, name)));
  }
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
  inference.losses =
      with_terms(g, builder, sample_losses(builder, setup, output, inference.inputs));
  inference.counts = counts(g, setup, output, inference.inputs);
  const bool rows = nn::target_kind(setup.spec->train) == nn::TargetKind::kNone;
  inference.prediction = join_predictions(
      g, rows ? inference.losses : setup.spec->train.loss.as<nn::Loss>().prediction(g, output),
      further);
  for (const std::string& name : loss_term_names(*setup.spec)) {
    if (!setup.prior) inference.terms.push_back(term_of(g, builder, name));
  }
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
