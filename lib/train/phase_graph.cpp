// What makes a step of an objective.
#include "ops/functions.h"
#include "ops/fusion.h"
#include "train/training_graph.h"

namespace mlrun::train {

using graph::kNoValue;
using graph::ValueId;

ops::Precision product_precision(const config::TrainSpec& spec) {
  switch (spec.precision) {
    case config::Precision::kFloat32:
      return ops::Precision::kFloat32;
    case config::Precision::kTfloat32:
      return ops::Precision::kTfloat32;
    case config::Precision::kBfloat16:
      return ops::Precision::kBfloat16;
    case config::Precision::kFloat16:
      return ops::Precision::kFloat16;
  }
  return ops::Precision::kFloat32;
}

std::vector<ValueId> PhaseGraph::kept() const {
  std::vector<ValueId> kept = summed();
  if (prediction != kNoValue) kept.push_back(prediction);
  return kept;
}

std::vector<ValueId> PhaseGraph::summed() const {
  std::vector<ValueId> values;
  for (const auto* list : {&losses, &terms}) {
    for (const CountedValue& one : *list) {
      values.push_back(one.value);
      if (one.counted != kNoValue) values.push_back(one.counted);
    }
  }
  return values;
}

void PhaseGraph::append_update(const config::TrainSpec& spec) {
  ValueId scaled = objective;
  if (spec.loss_scale) {
    loss_scaling = add_loss_scaling(graph, *spec.loss_scale, name);
    scaled = ops::mul(graph, objective, loss_scaling->scale);
  }
  std::vector<ValueId> gradients =
      graph::differentiate(graph, scaled, weights, ops::autodiff_ops());
  for (size_t i = weights.size(); i-- > 0;) {
    if (gradients[i] != kNoValue) continue;
    weights.erase(weights.begin() + static_cast<int64_t>(i));
    gradients.erase(gradients.begin() + static_cast<int64_t>(i));
  }
  ValueId gate = kNoValue;
  if (loss_scaling) gate = append_unscale(graph, *loss_scaling, *spec.loss_scale, gradients);
  update = optimizer->append(graph, weights, gradients, gate);
}

void PhaseGraph::finish(const config::TrainSpec& spec) {
  append_update(spec);
  graph.prune(kept());
  ops::set_precision(graph, product_precision(spec));
  ops::fuse(graph, kept());
}

}  // namespace mlrun::train
