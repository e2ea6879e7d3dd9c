#include "ops/attention/attention.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "base/divide.h"
#include "graph/graph.h"
#include "ops/attention/attention_blocks.h"

namespace mlrun::ops {

using graph::ShapeError;

namespace {

void check_tokens(const Shape& shape, int64_t width, const char* what) {
  if (shape.rank() != 3 || shape[2] != width) {
    throw ShapeError(fmt::format("{} must be (N, T, {}), not {}", what, width, shape.to_string()));
  }
}

// Floating-point operations of one product of all queries with all keys, per element of D or V.
double pair_flops(const AttentionOptions& o, std::span<const TensorType> inputs, int64_t batch) {
  const double pairs = static_cast<double>(inputs[0].shape.elements(batch)) /
                       static_cast<double>(inputs[0].shape[2]) *
                       static_cast<double>(inputs[o.cross ? 1 : 0].shape[1]);
  return 2.0 * static_cast<double>(o.heads) * pairs * (o.causal ? 0.5 : 1.0);
}

// Of each kind for one sample.
std::array<int64_t, kHeadMatrices> floats_of_sample(const AttentionOptions& o, bool is_gradient,
                                                    int64_t queries, int64_t keys) {
  const int64_t of_grad = is_gradient ? o.heads : 0;
  const bool has_scores = is_gradient || !o.training;
  const bool has_dropped = o.dropout > 0;
  return {o.heads * queries * o.key_dim,
          o.heads * keys * o.key_dim,
          o.heads * keys * o.value_dim,
          o.heads * queries * o.value_dim,
          of_grad * queries * o.key_dim,
          of_grad * keys * o.key_dim,
          of_grad * keys * o.value_dim,
          has_scores ? o.heads * queries * keys : 0,
          has_dropped ? o.heads * queries * keys : 0};
}

constexpr int64_t kFloat = sizeof(float);

int64_t cpu_workspace(const AttentionOptions& options, std::span<const TensorType> inputs) {
  const Shape& keys = inputs[options.cross ? 1 : 0].shape;
  return kFloat * attention_workspace_floats(inputs[0].shape[1], keys[1]);
}

int64_t gpu_workspace(const AttentionOptions& options, bool is_gradient,
                      std::span<const TensorType> inputs, int64_t batch) {
  const Shape& keys = inputs[options.cross ? 1 : 0].shape;
  return kFloat * head_matrices(options, is_gradient, batch, inputs[0].shape[1], keys[1]).floats;
}

}  // namespace

HeadMatrices head_matrices(const AttentionOptions& options, bool is_gradient, int64_t samples,
                           int64_t queries, int64_t keys) {
  constexpr int64_t kMostFloats = int64_t{16} << 20;
  constexpr int64_t kLine = 64;
  const auto sizes = floats_of_sample(options, is_gradient, queries, keys);
  const int64_t all = std::max<int64_t>(std::accumulate(sizes.begin(), sizes.end(), int64_t{0}), 1);
  HeadMatrices places;
  places.samples = std::clamp<int64_t>(kMostFloats / all, 1, std::max<int64_t>(samples, 1));
  for (size_t i = 0; i < kHeadMatrices; ++i) {
    places.first[i] = places.floats;
    places.floats += round_up(places.samples * sizes[i], kLine);
  }
  return places;
}

std::vector<TensorType> AttentionOp::infer(std::span<const TensorType> inputs) const {
  const AttentionOptions& o = options_;
  const Shape& queries = inputs[0].shape;
  const Shape& keys = inputs[o.cross ? 1 : 0].shape;
  if (o.cross) {
    check_tokens(queries, o.heads * o.key_dim, "queries");
    check_tokens(keys, o.heads * (o.key_dim + o.value_dim), "keys and values");
  } else {
    check_tokens(queries, o.heads * (2 * o.key_dim + o.value_dim), "queries, keys and values");
  }
  if (o.masked) {
    const Shape& mask = inputs[o.cross ? 2 : 1].shape;
    if (mask != Shape{kBatch, keys[1]}) {
      throw ShapeError(fmt::format("a mask of {} keys must be (N, {}), not {}", keys[1], keys[1],
                                   mask.to_string()));
    }
  }
  std::vector<TensorType> outputs = {{Shape{kBatch, queries[1], o.heads * o.value_dim}}};
  if (o.training) outputs.push_back({Shape{kBatch, o.heads, queries[1], keys[1]}});
  return outputs;
}

void AttentionOp::gradient(graph::GradientRule& rule) const {
  std::vector<graph::ValueId> inputs = rule.inputs;
  inputs.push_back(rule.outputs.at(1));
  inputs.push_back(rule.output_grads[0]);
  const std::vector<graph::ValueId> grads =
      rule.graph.apply_multi(std::make_shared<AttentionGradOp>(options_), std::move(inputs));
  for (size_t i = 0; i < grads.size(); ++i) rule.input_grads[i] = grads[i];
}

int64_t AttentionOp::workspace_bytes(std::span<const TensorType> inputs, int64_t) const {
  return cpu_workspace(options_, inputs);
}

int64_t AttentionOp::gpu_workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const {
  return gpu_workspace(options_, false, inputs, batch);
}

graph::Cost AttentionOp::cost(std::span<const TensorType> inputs,
                              std::span<const TensorType> outputs, int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  // Two products, and 4 for each probability: scale, subtract, exp, divide.
  cost.flops = pair_flops(options_, inputs, batch) *
               static_cast<double>(options_.key_dim + options_.value_dim + 2);
  return cost;
}

std::vector<TensorType> AttentionGradOp::infer(std::span<const TensorType> inputs) const {
  if (options_.cross) return {inputs[0], inputs[1]};
  return {inputs[0]};
}

int64_t AttentionGradOp::workspace_bytes(std::span<const TensorType> inputs, int64_t) const {
  return cpu_workspace(options_, inputs);
}

int64_t AttentionGradOp::gpu_workspace_bytes(std::span<const TensorType> inputs,
                                             int64_t batch) const {
  return gpu_workspace(options_, true, inputs, batch);
}

graph::Cost AttentionGradOp::cost(std::span<const TensorType> inputs,
                                  std::span<const TensorType> outputs, int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  cost.flops = 2 * pair_flops(options_, inputs, batch) *
               static_cast<double>(options_.key_dim + options_.value_dim + 1);
  return cost;
}

}  // namespace mlrun::ops
