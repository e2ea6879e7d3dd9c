// Matrix product, with an optional elementwise program on its result while that is in cache.
#pragma once

#include <memory>

#include "graph/op.h"
#include "ops/elementwise.h"

namespace mlrun::ops {

/// Inputs a, b, then the further operands of the epilogue. Without an epilogue one output:
///   plain         a (..., K), b (K, M)      -> (..., M)
///   transpose_b   a (..., K), b (M, K)      -> (..., M)
///   transpose_a   a (..., K), b (..., M)    -> (K, M), summed over the leading dimensions
/// With one, register 0 of the program is the product and the outputs are the program's.
class MatMulOp : public graph::Op {
 public:
  MatMulOp(bool transpose_a, bool transpose_b,
           std::shared_ptr<const ElementwiseOp> epilogue = nullptr);

  std::string_view name() const override { return "MatMul"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  graph::Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                   int64_t batch) const override;

  bool transpose_a() const { return transpose_a_; }
  bool transpose_b() const { return transpose_b_; }
  const ElementwiseOp* epilogue() const { return epilogue_.get(); }

  /// Output into which the product itself goes before the epilogue runs on it in place.
  int product_output() const { return product_output_; }

  /// An epilogue needs an output that may overwrite the product.
  static bool can_fuse(const ElementwiseOp& epilogue);

 private:
  TensorType product(std::span<const TensorType> inputs) const;

  bool transpose_a_;
  bool transpose_b_;
  std::shared_ptr<const ElementwiseOp> epilogue_;
  int product_output_ = 0;
};

void matmul_cpu(const graph::KernelCall& call);

}  // namespace mlrun::ops
