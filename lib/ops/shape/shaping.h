// Ops that make or rename memory without arithmetic.
#pragma once

#include <optional>

#include "graph/op.h"

namespace mlrun::ops {

/// The same elements under another shape.
class ReshapeOp : public graph::Op {
 public:
  explicit ReshapeOp(Shape shape) : shape_(shape) {}

  std::string_view name() const override { return "Reshape"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  bool is_view() const override { return true; }

 private:
  Shape shape_;
};

/// A constant of a shape, or of its input's; the input gives the batch and is not read.
class FillOp : public graph::Op {
 public:
  explicit FillOp(float value, std::optional<Shape> shape = {}) : value_(value), shape_(shape) {}

  std::string_view name() const override { return "Fill"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {{shape_.value_or(inputs[0].shape), DType::kFloat32}};
  }
  void gradient(graph::GradientRule&) const override {}
  float value() const { return value_; }

 private:
  float value_;
  std::optional<Shape> shape_;
};

/// Numbers that are known when the graph is built; no inputs.
class ConstantOp : public graph::Op {
 public:
  /// shape without batch.
  ConstantOp(Shape shape, std::vector<float> values) : shape_(shape), values_(std::move(values)) {}

  std::string_view name() const override { return "Constant"; }
  std::vector<TensorType> infer(std::span<const TensorType>) const override {
    return {{shape_, DType::kFloat32}};
  }
  const std::vector<float>& values() const { return values_; }

 private:
  Shape shape_;
  std::vector<float> values_;
};

/// Of a table that is computed while a graph is built, which must not take minutes. Throws
/// ShapeError.
void check_table(const Shape& shape);

void fill_cpu(const graph::KernelCall& call);
void constant_cpu(const graph::KernelCall& call);
void fill_cuda(const graph::KernelCall& call);
void constant_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
