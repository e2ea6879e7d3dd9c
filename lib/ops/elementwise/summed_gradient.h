// The gradient of an activation, and in the same pass that of the bias behind it.
#pragma once

#include <memory>
#include <span>

#include "graph/graph.h"
#include "ops/elementwise/elementwise.h"

namespace mlrun::ops {

/// Inputs: those of `program`, one instruction that is a gradient
/// (ops/elementwise/elementwise_codes.h) of two operands of one shape (..., M), M a multiple of
/// kWidth. Outputs: its result, and the sum of that over all axes but the last, (M). For kernels of
/// a GPU.
class SummedGradientOp : public graph::Op {
 public:
  explicit SummedGradientOp(std::shared_ptr<const ElementwiseOp> program)
      : program_(std::move(program)) {}

  static constexpr int64_t kWidth = 8;

  /// Whether this program over these operands can be one.
  static bool can_run(const ElementwiseOp& program, std::span<const TensorType> inputs);

  std::string_view name() const override { return "SummedGradient"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  bool may_overwrite(int input, int output) const override {
    return output == 0 && program_->may_overwrite(input, output);
  }
  std::vector<float> varying() const override { return program_->varying(); }

  const ElementwiseOp& program() const { return *program_; }

 private:
  std::shared_ptr<const ElementwiseOp> program_;
};

/// Behind fuse(): programs, and epilogues of products, whose result is summed over its leading axes
/// become such ops. No value is lost.
void join_sums(graph::Graph& graph);

void summed_gradient_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
