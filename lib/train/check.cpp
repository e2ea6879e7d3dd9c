#include "train/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "graph/plan.h"
#include "nn/contrastive.h"
#include "nn/layers/gan.h"
#include "nn/losses.h"
#include "train/check_fit.h"
#include "train/check_indices.h"
#include "train/fitting_rows.h"
#include "train/outputs.h"
#include "train/resident_data.h"
#include "train/structure.h"
#include "train/training_graph.h"

namespace mlrun::train {
namespace {

using config::ExperimentSpec;
using graph::ValueId;

// More than any machine holds; also keeps the arithmetic of the plan below 2^63.
void check_size(const ModelReport& report, int64_t batch_rows, Diagnostics& diagnostics) {
  constexpr double kMostNumbers = 1099511627776.0;  // 2^40: 4 TiB
  for (const nn::LayerSummary& layer : report.layers) {
    const double batch = static_cast<double>(layer.largest) * static_cast<double>(batch_rows);
    if (std::max(static_cast<double>(layer.parameters), batch) <= kMostNumbers) continue;
    diagnostics.error(
        layer.mark,
        fmt::format("{} needs more than 4 TiB: at least {:.3g} parameters, and {:.3g} numbers for "
                    "a batch of {}",
                    layer.type, static_cast<double>(layer.parameters), batch, batch_rows));
  }
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

// At most: a graph of its own for scoring, whose values are some of the training's, and the rows
// that are gathered on the host.
int64_t scoring_bytes(const GraphSetup& setup, int64_t values, int64_t scratch) {
  const data::Dataset& dataset = *setup.dataset;
  const config::TrainSpec& train = setup.spec->train;
  const int64_t sample = setup.input.sample_elements();
  if (dataset.is_one_graph()) return values + scratch + sample * 4;
  const int64_t rows = inference_rows(dataset, train, values);
  const int64_t batch = std::max<int64_t>(batch_rows(dataset, train), 1);
  const int64_t gathered =
      most_inference_rows(dataset, train) * (sample + dataset.target_width()) * 4;
  return rows * (values / batch) + scratch + gathered;
}

// Costs and memory of a training step: of all phases, as if they ran with every batch.
void plan_training(const GraphSetup& setup, const std::vector<PhaseGraph>& phases,
                   ModelReport& report) {
  for (const nn::Variable& variable : phases[0].variables) {
    report.variable_bytes += variable.shape.elements() * 4;
  }
  const int64_t batch = batch_rows(*setup.dataset, setup.spec->train);
  int64_t values = 0;
  int64_t scratch = 0;
  for (const PhaseGraph& phase : phases) {
    for (const ValueId weight : phase.weights) {
      report.trainable += phase.graph.shape(weight).elements();
    }
    for (const ValueId slot : phase.update.slots) {
      report.variable_bytes += phase.graph.shape(slot).elements() * 4;
    }
    const graph::Plan plan = graph::make_plan(phase.graph, phase.kept(), batch);
    report.batch_bytes += plan.arena_bytes;
    const graph::Plan on_gpu =
        graph::make_plan(phase.graph, phase.kept(), batch, graph::Target::kGpu);
    report.gpu_batch_bytes += on_gpu.arena_bytes;
    values = std::max(values, on_gpu.workspace_offset);
    scratch = std::max(scratch, on_gpu.arena_bytes - on_gpu.workspace_offset);
    report.unshared_bytes += plan.unshared_bytes;
    report.training_flops_per_sample += plan.cost.flops / static_cast<double>(batch);
  }
  report.scoring_bytes = scoring_bytes(setup, values, scratch);
}

// With the transform of all rows: which of them are trained on changes no whole number into a row
// of a table.
void check_lookups(const ExperimentSpec& spec, const data::Dataset& dataset,
                   const std::vector<Lookup>& lookups, Diagnostics& diagnostics) {
  if (lookups.empty() || dataset.token_count > 0) return;
  std::vector<int64_t> rows(static_cast<size_t>(dataset.rows));
  std::iota(rows.begin(), rows.end(), 0);
  check_indices(lookups, dataset, fit_transform(dataset, spec.dataset, rows), diagnostics);
}

void check_monitors(const ExperimentSpec& spec, const data::Dataset& dataset,
                    Diagnostics& diagnostics) {
  if (validates(spec, dataset)) return;
  const auto check = [&](const char* setting, const auto& watches, const Mark& mark) {
    if (!watches || !watches->monitor.starts_with("val_")) return;
    diagnostics.error(mark, fmt::format("{} monitors '{}', but validation_split is 0", setting,
                                        watches->monitor));
  };
  check("early_stopping", spec.train.early_stopping, spec.train.early_stopping_mark);
  check("reduce_lr_on_plateau", spec.train.reduce_lr_on_plateau, spec.train.plateau_mark);
}

}  // namespace

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
  std::vector<nn::WantedLayer> wanted = wanted_layers(spec.train);
  ValueId output = inputs.features;
  if (!gan) {
    output = append_model(builder, setup, inputs, wanted, diagnostics);
    if (output == graph::kNoValue) return report;
  }
  const size_t errors = diagnostics.size();
  if (none) check_no_target(spec, dataset, report.input, g.shape(output), diagnostics);
  report.layers = builder.summary();
  report.notes = builder.masks_lost();
  if (gan && diagnostics.size() == errors) report.layers = build_inference(setup).summary;
  for (const nn::LayerSummary& layer : report.layers) {
    report.parameters += layer.parameters;
    report.flops_per_sample += layer.flops;
  }
  check_size(report, batch_rows(dataset, spec.train), diagnostics);
  if (!none) check_output(spec, dataset, g, output, diagnostics);
  check_further_outputs(spec, dataset, report.input, g, wanted, diagnostics);
  check_class_weights(spec, dataset, diagnostics);
  check_monitors(spec, dataset, diagnostics);
  check_tokens(spec, dataset, diagnostics);
  check_lookups(spec, dataset, find_lookups(g, inputs.features, report.layers), diagnostics);
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
  report.gpu_data_bytes = resident_bytes(dataset, report.input);
  return report;
}

}  // namespace mlrun::train
