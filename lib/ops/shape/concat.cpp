#include "ops/shape/concat.h"

#include <fmt/format.h>

#include <algorithm>

#include "ops/functions.h"

namespace mlrun::ops {

using graph::ShapeError;
using graph::ValueId;

namespace {

void check_axis(const Shape& shape, int axis) {
  const int first = shape.has_batch() ? 1 : 0;
  if (axis >= first && axis < shape.rank()) return;
  throw ShapeError(fmt::format("{} has no axis {} to cut or join", shape.to_string(), axis));
}

Shape with_dim(const Shape& shape, int axis, int64_t dim) {
  std::vector<int64_t> dims(shape.dims().begin(), shape.dims().end());
  dims[static_cast<size_t>(axis)] = dim;
  return Shape(dims);
}

}  // namespace

std::vector<TensorType> ConcatOp::infer(std::span<const TensorType> inputs) const {
  const Shape& first = inputs[0].shape;
  check_axis(first, axis_);
  int64_t total = 0;
  for (const TensorType& input : inputs) {
    if (input.shape.rank() != first.rank() ||
        with_dim(input.shape, axis_, 1) != with_dim(first, axis_, 1)) {
      throw ShapeError(fmt::format("cannot join {} and {} along axis {}", first.to_string(),
                                   input.shape.to_string(), axis_));
    }
    total += input.shape[axis_];
  }
  return {{with_dim(first, axis_, total), inputs[0].dtype}};
}

void ConcatOp::gradient(graph::GradientRule& rule) const {
  int64_t begin = 0;
  for (size_t i = 0; i < rule.inputs.size(); ++i) {
    const int64_t end = begin + rule.graph.shape(rule.inputs[i])[axis_];
    if (rule.wanted[i]) {
      rule.input_grads[i] = slice(rule.graph, rule.output_grads[0], axis_, begin, end);
    }
    begin = end;
  }
}

std::vector<TensorType> SliceOp::infer(std::span<const TensorType> inputs) const {
  const Shape& from = inputs[0].shape;
  check_axis(from, axis_);
  if (begin_ < 0 || begin_ >= end_ || end_ > from[axis_]) {
    throw ShapeError(
        fmt::format("[{}, {}) is no part of axis {} of {}", begin_, end_, axis_, from.to_string()));
  }
  return {{with_dim(from, axis_, end_ - begin_), inputs[0].dtype}};
}

void SliceOp::gradient(graph::GradientRule& rule) const {
  rule.input_grads[0] = rule.graph.apply(std::make_shared<SliceGradOp>(axis_, begin_),
                                         {rule.inputs[0], rule.output_grads[0]});
}

void SliceGradOp::gradient(graph::GradientRule& rule) const {
  if (!rule.wanted[1]) return;
  const int64_t length = rule.graph.shape(rule.inputs[1])[axis_];
  rule.input_grads[1] = slice(rule.graph, rule.output_grads[0], axis_, begin_, begin_ + length);
}

namespace {

// A tensor as `rows` runs of `run` elements: what lies before the axis, and the axis with what
// lies behind it.
struct Runs {
  int64_t rows = 1;
  int64_t run = 1;    ///< elements of the axis and what lies behind it
  int64_t inner = 1;  ///< elements of one step along the axis

  Runs(const Shape& shape, int axis) {
    for (int i = 0; i < axis; ++i) rows *= shape[i];
    for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
    run = shape[axis] * inner;
  }
};

// Copies `count` elements of every row, from an offset to an offset.
void copy_runs(const Tensor& from, const Runs& source, int64_t source_offset, const Tensor& to,
               const Runs& target, int64_t target_offset, int64_t count) {
  const uint32_t* x = from.u32() + source_offset;
  uint32_t* y = to.u32() + target_offset;
  for (int64_t row = 0; row < source.rows; ++row) {
    std::copy_n(x + row * source.run, count, y + row * target.run);
  }
}

}  // namespace

void concat_cpu(const graph::KernelCall& call) {
  const int axis = static_cast<const ConcatOp&>(call.op).axis();
  const Runs target(call.out[0].shape, axis);
  int64_t offset = 0;
  for (const Tensor& x : call.in) {
    const Runs source(x.shape, axis);
    copy_runs(x, source, 0, call.out[0], target, offset, source.run);
    offset += source.run;
  }
}

void slice_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const SliceOp&>(call.op);
  const Runs source(call.in[0].shape, op.axis());
  const Runs target(call.out[0].shape, op.axis());
  copy_runs(call.in[0], source, op.begin() * source.inner, call.out[0], target, 0, target.run);
}

void slice_grad_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const SliceGradOp&>(call.op);
  const Tensor& dx = call.out[0];
  std::fill_n(dx.f32(), dx.elements(), 0.0f);
  const Runs source(call.in[1].shape, op.axis());
  const Runs target(dx.shape, op.axis());
  copy_runs(call.in[1], source, 0, dx, target, op.begin() * target.inner, source.run);
}

}  // namespace mlrun::ops
