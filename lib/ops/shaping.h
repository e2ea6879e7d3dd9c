// Ops that make or rename memory without arithmetic.
#pragma once

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

/// A constant with the type of its input, which is not read.
class FillOp : public graph::Op {
 public:
  explicit FillOp(float value) : value_(value) {}

  std::string_view name() const override { return "Fill"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {{inputs[0].shape, DType::kFloat32}};
  }
  void gradient(graph::GradientRule&) const override {}
  float value() const { return value_; }

 private:
  float value_;
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

void fill_cpu(const graph::KernelCall& call);
void constant_cpu(const graph::KernelCall& call);

}  // namespace mlrun::ops
