// Matrix product, with an optional elementwise program on its result while that is in cache.
#pragma once

#include <memory>

#include "ops/epilogue.h"

namespace mlrun::ops {

/// Inputs a, b, then the operands of the epilogue:
///   plain         a (..., K), b (K, M)      -> (..., M)
///   transpose_b   a (..., K), b (M, K)      -> (..., M)
///   transpose_a   a (..., K), b (..., M)    -> (K, M), summed over the leading dimensions
class MatMulOp : public EpilogueOp {
 public:
  MatMulOp(bool transpose_a, bool transpose_b,
           std::shared_ptr<const ElementwiseOp> epilogue = nullptr)
      : EpilogueOp(std::move(epilogue)), transpose_a_(transpose_a), transpose_b_(transpose_b) {}

  std::string_view name() const override { return "MatMul"; }
  void gradient(graph::GradientRule& rule) const override;
  std::shared_ptr<const EpilogueOp> with(
      std::shared_ptr<const ElementwiseOp> epilogue) const override {
    return std::make_shared<MatMulOp>(transpose_a_, transpose_b_, std::move(epilogue));
  }

  bool transpose_a() const { return transpose_a_; }
  bool transpose_b() const { return transpose_b_; }

 protected:
  TensorType product(std::span<const TensorType> inputs) const override;
  double product_flops(std::span<const TensorType> inputs, int64_t batch) const override;

 private:
  bool transpose_a_;
  bool transpose_b_;
};

void matmul_cpu(const graph::KernelCall& call);

}  // namespace mlrun::ops
