#include "ops/shape/permute.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "device/cpu_context.h"
#include "ops/functions.h"

namespace mlrun::ops {

std::vector<TensorType> PermuteOp::infer(std::span<const TensorType> inputs) const {
  const Shape& from = inputs[0].shape;
  std::vector<int64_t> dims = {from[0]};
  for (int axis = 1; axis < from.rank(); ++axis) {
    if (std::count(order_.begin(), order_.end(), axis) != 1) break;
    dims.push_back(from[order_[static_cast<size_t>(axis - 1)]]);
  }
  if (static_cast<int>(dims.size()) != from.rank() || order_.size() + 1 != dims.size()) {
    throw graph::ShapeError(fmt::format("[{}] does not order the axes 1 to {} of {}",
                                        fmt::join(order_, ", "), from.rank() - 1,
                                        from.to_string()));
  }
  return {{Shape(dims), inputs[0].dtype}};
}

void PermuteOp::gradient(graph::GradientRule& rule) const {
  std::vector<int> back(order_.size());
  for (size_t i = 0; i < order_.size(); ++i) {
    back[static_cast<size_t>(order_[i] - 1)] = static_cast<int>(i) + 1;
  }
  rule.input_grads[0] = permute(rule.graph, rule.output_grads[0], back);
}

namespace {

// Strides in the input of the output's axes.
using Strides = std::array<int64_t, Shape::kMaxRank>;

Strides strides_of(const Shape& from, const std::vector<int>& order) {
  Strides own{};
  int64_t stride = 1;
  for (int axis = from.rank() - 1; axis >= 0; --axis) {
    own[static_cast<size_t>(axis)] = stride;
    stride *= from[axis];
  }
  Strides strides{own[0]};
  for (size_t i = 0; i < order.size(); ++i) strides[i + 1] = own[static_cast<size_t>(order[i])];
  return strides;
}

// Writes what lies behind `axis`, from x on; returns the end of what was written.
uint32_t* copy_axis(const uint32_t* x, uint32_t* y, const Shape& to, const Strides& strides,
                    int axis) {
  const int64_t stride = strides[static_cast<size_t>(axis)];
  if (axis + 1 < to.rank()) {
    for (int64_t i = 0; i < to[axis]; ++i) y = copy_axis(x + i * stride, y, to, strides, axis + 1);
    return y;
  }
  if (stride == 1) return std::copy_n(x, to[axis], y);
  for (int64_t i = 0; i < to[axis]; ++i) y[i] = x[i * stride];
  return y + to[axis];
}

}  // namespace

void permute_cpu(const graph::KernelCall& call) {
  const Shape& to = call.out[0].shape;
  const Strides strides =
      strides_of(call.in[0].shape, static_cast<const PermuteOp&>(call.op).order());
  const int64_t sample = to.tail(1).elements();
  device::parallel_for(device::cpu_team(call.context), to[0],
                       std::max<int64_t>(16384 / std::max<int64_t>(sample, 1), 1),
                       [&](int64_t begin, int64_t end) {
                         for (int64_t i = begin; i < end; ++i) {
                           if (sample == 0) continue;
                           const uint32_t* x = call.in[0].u32() + i * sample;
                           uint32_t* y = call.out[0].u32() + i * sample;
                           if (to.rank() == 1) {
                             *y = *x;
                           } else {
                             copy_axis(x, y, to, strides, 1);
                           }
                         }
                       });
}

}  // namespace mlrun::ops
