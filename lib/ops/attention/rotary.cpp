#include "ops/attention/rotary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "device/cpu_context.h"
#include "graph/graph.h"

namespace mlrun::ops {

std::vector<TensorType> RotaryOp::infer(std::span<const TensorType> inputs) const {
  const Shape& shape = inputs[0].shape;
  if (shape.rank() != 3 || shape[2] < options_.heads * options_.head_dim) {
    throw graph::ShapeError(fmt::format("{} has no {} heads of {} elements", shape.to_string(),
                                        options_.heads, options_.head_dim));
  }
  if (options_.head_dim % 2 != 0) {
    throw graph::ShapeError(
        fmt::format("rotary positions need an even key_dim, not {}", options_.head_dim));
  }
  if (inputs[1].shape != Shape{shape[1], options_.head_dim}) {
    throw graph::ShapeError(fmt::format("a rotary table for {} must be ({}, {}), not {}",
                                        shape.to_string(), shape[1], options_.head_dim,
                                        inputs[1].shape.to_string()));
  }
  return {inputs[0]};
}

void RotaryOp::gradient(graph::GradientRule& rule) const {
  RotaryOptions back = options_;
  back.backward = !back.backward;
  rule.input_grads[0] =
      rule.graph.apply(std::make_shared<RotaryOp>(back), {rule.output_grads[0], rule.inputs[1]});
}

std::vector<float> rotary_table(int64_t positions, int64_t head_dim, double base) {
  const int64_t half = head_dim / 2;
  std::vector<float> table;
  for (int64_t t = 0; t < positions; ++t) {
    for (int64_t i = 0; i < 2 * half; ++i) {
      const double exponent = -static_cast<double>(i % half) / static_cast<double>(half);
      const double angle = static_cast<double>(t) * std::pow(base, exponent);
      table.push_back(static_cast<float>(i < half ? std::cos(angle) : std::sin(angle)));
    }
  }
  return table;
}

namespace {

// sign -1 turns back.
void turn(const float* x, float* y, const float* table, int64_t half, float sign) {
  for (int64_t i = 0; i < half; ++i) {
    const float a = x[i];
    const float b = x[i + half];
    const float cosine = table[i];
    const float sine = sign * table[i + half];
    y[i] = a * cosine - b * sine;
    y[i + half] = b * cosine + a * sine;
  }
}

}  // namespace

void rotary_cpu(const graph::KernelCall& call) {
  const RotaryOptions& o = static_cast<const RotaryOp&>(call.op).options();
  const Shape& shape = call.in[0].shape;
  const int64_t width = shape[2];
  const int64_t turned = o.heads * o.head_dim;
  const float sign = o.backward ? -1.0f : 1.0f;
  device::parallel_for(device::cpu_team(call.context), shape[0] * shape[1], 64,
                       [&](int64_t begin, int64_t end) {
                         for (int64_t row = begin; row < end; ++row) {
                           const float* x = call.in[0].f32() + row * width;
                           float* y = call.out[0].f32() + row * width;
                           const float* table = call.in[1].f32() + row % shape[1] * o.head_dim;
                           for (int64_t at = 0; at < turned; at += o.head_dim) {
                             turn(x + at, y + at, table, o.head_dim / 2, sign);
                           }
                           if (x != y) std::copy_n(x + turned, width - turned, y + turned);
                         }
                       });
}

}  // namespace mlrun::ops
