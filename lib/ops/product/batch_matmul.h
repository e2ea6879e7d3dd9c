// One matrix product per sample.
#pragma once

#include "graph/op.h"

namespace mlrun::ops {

/// a (N, A, B), b (N, B, C) -> (N, A, C). With transpose_a, a is (N, B, A); with transpose_b, b is
/// (N, C, B).
class BatchMatMulOp : public graph::Op {
 public:
  BatchMatMulOp(bool transpose_a, bool transpose_b)
      : transpose_a_(transpose_a), transpose_b_(transpose_b) {}

  std::string_view name() const override { return "BatchMatMul"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  graph::Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                   int64_t batch) const override;
  bool transpose_a() const { return transpose_a_; }
  bool transpose_b() const { return transpose_b_; }

 private:
  bool transpose_a_;
  bool transpose_b_;
};

void batch_matmul_cpu(const graph::KernelCall& call);
void batch_matmul_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
