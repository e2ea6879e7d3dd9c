// Joining tensors along an axis, and cutting pieces out.
#pragma once

#include "graph/op.h"

namespace mlrun::ops {

/// Any number of inputs that differ only in `axis` (not the batch) -> their concatenation.
class ConcatOp : public graph::Op {
 public:
  explicit ConcatOp(int axis) : axis_(axis) {}

  std::string_view name() const override { return "Concat"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  int axis() const { return axis_; }

 private:
  int axis_;
};

/// x -> its part [begin, end) of `axis` (not the batch).
class SliceOp : public graph::Op {
 public:
  SliceOp(int axis, int64_t begin, int64_t end) : axis_(axis), begin_(begin), end_(end) {}

  std::string_view name() const override { return "Slice"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  int axis() const { return axis_; }
  int64_t begin() const { return begin_; }

 private:
  int axis_;
  int64_t begin_;
  int64_t end_;
};

/// x (for its shape), dy of a slice -> dx: dy at the slice's place, zero elsewhere.
class SliceGradOp : public graph::Op {
 public:
  SliceGradOp(int axis, int64_t begin) : axis_(axis), begin_(begin) {}

  std::string_view name() const override { return "SliceGrad"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0]};
  }
  void gradient(graph::GradientRule& rule) const override;
  int axis() const { return axis_; }
  int64_t begin() const { return begin_; }

 private:
  int axis_;
  int64_t begin_;
};

void concat_cpu(const graph::KernelCall& call);
void slice_cpu(const graph::KernelCall& call);
void slice_grad_cpu(const graph::KernelCall& call);
void concat_cuda(const graph::KernelCall& call);
void slice_cuda(const graph::KernelCall& call);
void slice_grad_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
