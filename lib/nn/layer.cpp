#include "nn/layer.h"

#include <fmt/format.h>

#include <algorithm>

#include "ops/sparse/adjacency.h"

namespace mlrun::nn {

ValueId Layer::build(Builder&, ValueId) const {
  throw graph::ShapeError("needs several inputs; name them with 'inputs'");
}

ValueId Layer::build_from(Builder& b, std::span<const ValueId> xs) const {
  if (xs.size() == 1) return build(b, xs[0]);
  throw graph::ShapeError(fmt::format("takes one input, not {}", xs.size()));
}

ValueId Builder::add(const std::string& name, const std::string& type, const Layer& layer,
                     std::span<const ValueId> inputs) {
  const std::string outer = scope_;
  const size_t first_row = summary_.size();
  const size_t first_node = graph_.nodes().size();
  const size_t first_variable = variables_.size();
  scope_ = outer.empty() ? name : outer + "/" + name;
  const bool outer_frozen = frozen_;
  frozen_ = outer_frozen || !layer.trainable;
  if (outer.empty()) asked_for_mask_ = false;
  const ValueId y = layer.build_from(*this, inputs);
  frozen_ = outer_frozen;
  keep_mask(inputs[0], y);
  if (outer.empty() && !reuse_) note_lost_mask(inputs, y);
  outputs_.emplace_back(scope_, y);
  if (layer.activity_regularizer && training_) {
    penalties_.push_back(layer.activity_regularizer.as<Regularizer>().activity_penalty(graph_, y));
  }
  if (summary_.size() == first_row && !reuse_) {
    LayerSummary row{scope_, type, graph_.shape(y), 0, 0, 0, mark_};
    count(first_node, first_variable, row);
    summary_.push_back(std::move(row));
  }
  scope_ = outer;
  return y;
}

void Builder::count(size_t first_node, size_t first_variable, LayerSummary& row) const {
  for (size_t i = first_variable; i < variables_.size(); ++i) {
    row.parameters += variables_[i].shape.elements();
  }
  for (size_t i = first_node; i < graph_.nodes().size(); ++i) {
    const graph::Node& node = graph_.nodes()[i];
    for (const ValueId made : node.outputs) {
      row.largest = std::max(row.largest, graph_.shape(made).sample_elements());
    }
    if (node.op->is_view()) continue;
    row.flops += node.op->cost(graph_.types(node.inputs), graph_.types(node.outputs), 1).flops;
  }
}

const Nodes& Builder::nodes(ValueId x) const {
  if (!nodes_.adjacency) {
    throw graph::ShapeError(
        "needs nodes and edges: set dataset.graph, or read graphs (format: tu)");
  }
  ops::check_nodes(*nodes_.adjacency, graph_.shape(x), "the layer");
  return nodes_;
}

ValueId Builder::find_mask(ValueId x) const {
  const auto found = masks_.find(x);
  return found == masks_.end() ? graph::kNoValue : found->second;
}

ValueId Builder::mask(ValueId x) {
  asked_for_mask_ = true;
  return find_mask(x);
}

void Builder::set_mask(ValueId x, ValueId mask) {
  masks_[x] = mask;
  mask_makers_.emplace(mask, scope_.empty() ? "input" : scope_);
}

void Builder::note_lost_mask(std::span<const ValueId> inputs, ValueId y) {
  if (asked_for_mask_ || find_mask(y) != graph::kNoValue) return;
  for (const ValueId x : inputs) {
    const ValueId mask = find_mask(x);
    if (mask == graph::kNoValue) continue;
    masks_lost_.push_back(fmt::format("the mask of '{}' ends at '{}': padding counts from there on",
                                      mask_makers_.at(mask), scope_));
    return;
  }
}

void Builder::keep_mask(ValueId x, ValueId y) {
  const ValueId mask = find_mask(x);
  const Shape& shape = graph_.shape(y);
  if (mask == graph::kNoValue || masks_.contains(y)) return;
  if (shape.rank() >= 3 && shape[1] == graph_.shape(mask)[1]) masks_[y] = mask;
}

ValueId Builder::weight(const std::string& name, const Shape& shape,
                        const InitializerRef& initializer, const WeightOptions& options) {
  const std::string full = scope_.empty() ? name : scope_ + "/" + name;
  if (reuse_) {
    for (const Variable& variable : variables_) {
      if (variable.name == full) return variable.value;
    }
  }
  if (variables_.size() == kMostWeights) {
    throw graph::ShapeError(
        fmt::format("the model would have more than {} arrays of weights", kMostWeights));
  }
  const ValueId value = graph_.variable(full, {shape, DType::kFloat32});
  variables_.push_back({full, shape, options.trainable && !frozen_, initializer, value});
  if (options.regularizer && training_ && !frozen_) {
    penalties_.push_back(options.regularizer.as<Regularizer>().penalty(graph_, value));
  }
  return value;
}

ValueId Builder::random_state() {
  if (random_state_ == graph::kNoValue) {
    random_state_ = graph_.input("random_state", {Shape{4}, DType::kUint32});
  }
  return random_state_;
}

}  // namespace mlrun::nn
