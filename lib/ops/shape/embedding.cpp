#include "ops/shape/embedding.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "device/cpu_context.h"
#include "graph/graph.h"

namespace mlrun::ops {

std::vector<TensorType> EmbeddingOp::infer(std::span<const TensorType> inputs) const {
  const Shape& table = inputs[0].shape;
  if (table.rank() != 2) {
    throw graph::ShapeError(fmt::format("an embedding table is (V, D), not {}", table.to_string()));
  }
  std::vector<int64_t> dims(inputs[1].shape.dims().begin(), inputs[1].shape.dims().end());
  dims.push_back(table[1]);
  return {{Shape(dims), DType::kFloat32}};
}

void EmbeddingOp::gradient(graph::GradientRule& rule) const {
  rule.input_grads[0] = rule.graph.apply(std::make_shared<EmbeddingGradOp>(),
                                         {rule.inputs[0], rule.inputs[1], rule.output_grads[0]});
}

namespace {

int64_t index_at(const Tensor& indices, int64_t i) {
  if (indices.dtype == DType::kInt32) return indices.i32()[i];
  const float value = indices.f32()[i];
  return value >= 0 && value < 2147483648.0f ? static_cast<int64_t>(value) : -1;
}

}  // namespace

void embedding_cpu(const graph::KernelCall& call) {
  const Tensor& table = call.in[0];
  const int64_t width = table.shape[1];
  device::parallel_for(device::cpu_team(call.context), call.in[1].elements(), 256,
                       [&](int64_t begin, int64_t end) {
                         for (int64_t i = begin; i < end; ++i) {
                           const int64_t row = index_at(call.in[1], i);
                           float* y = call.out[0].f32() + i * width;
                           if (row < 0 || row >= table.shape[0]) {
                             std::fill_n(y, width, std::numeric_limits<float>::quiet_NaN());
                           } else {
                             std::copy_n(table.f32() + row * width, width, y);
                           }
                         }
                       });
}

void embedding_grad_cpu(const graph::KernelCall& call) {
  const Tensor& dtable = call.out[0];
  const int64_t width = dtable.shape[1];
  std::fill_n(dtable.f32(), dtable.elements(), 0.0f);
  for (int64_t i = 0; i < call.in[1].elements(); ++i) {
    const int64_t row = index_at(call.in[1], i);
    if (row < 0 || row >= dtable.shape[0]) continue;
    float* sum = dtable.f32() + row * width;
    const float* dy = call.in[2].f32() + i * width;
    for (int64_t j = 0; j < width; ++j) sum[j] += dy[j];
  }
}

}  // namespace mlrun::ops
