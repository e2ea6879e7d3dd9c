// Matrix product, with an optional elementwise program on its result while that is in cache.
#pragma once

#include <memory>

#include "device/function_ref.h"
#include "device/team.h"
#include "ops/elementwise/epilogue.h"
#include "ops/product/gemm.h"
#include "ops/product/precision.h"

namespace mlrun::ops {

/// Inputs a, b, then the operands of the epilogue:
///   plain         a (..., K), b (K, M)      -> (..., M)
///   transpose_b   a (..., K), b (M, K)      -> (..., M)
///   transpose_a   a (..., K), b (..., M)    -> (K, M), summed over the leading dimensions
class MatMulOp : public EpilogueOp {
 public:
  MatMulOp(bool transpose_a, bool transpose_b,
           std::shared_ptr<const ElementwiseOp> epilogue = nullptr,
           Precision precision = Precision::kFloat32)
      : EpilogueOp(std::move(epilogue)),
        transpose_a_(transpose_a),
        transpose_b_(transpose_b),
        precision_(precision) {}

  std::string_view name() const override { return "MatMul"; }
  void gradient(graph::GradientRule& rule) const override;
  std::shared_ptr<const EpilogueOp> with(
      std::shared_ptr<const ElementwiseOp> epilogue) const override {
    return std::make_shared<MatMulOp>(transpose_a_, transpose_b_, std::move(epilogue), precision_);
  }
  /// The same product in another precision.
  std::shared_ptr<const MatMulOp> with(Precision precision) const;
  int64_t workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const override;
  int64_t gpu_workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const override;

  bool transpose_a() const { return transpose_a_; }
  bool transpose_b() const { return transpose_b_; }
  Precision precision() const { return precision_; }

 protected:
  TensorType product(std::span<const TensorType> inputs) const override;
  double product_flops(std::span<const TensorType> inputs, int64_t batch) const override;

 private:
  bool transpose_a_;
  bool transpose_b_;
  Precision precision_;
};

/// The shapes of the product, without its memory.
GemmArgs product_args(const MatMulOp& op, const Shape& a, const Shape& b);

/// What an epilogue does with some rows of the result.
using RowsWork = device::FunctionRef<void(int64_t row, int64_t end)>;

/// Where kernels of a GPU find operands of 16 bits in the workspace: a at its begin, then b and the
/// bias; in elements.
struct HalfOperands {
  int64_t first_b = 0;
  int64_t first_bias = 0;
  int64_t count = 0;
};
HalfOperands half_operands(const GemmArgs& product);

/// The product by all threads. `epilogue` may be null.
void multiply_float32(const GemmArgs& product, device::ThreadTeam& team, const RowsWork* epilogue);

/// Bytes of scratch memory that multiply_bfloat16() needs.
int64_t bfloat16_workspace(const GemmArgs& product);

/// The same in bfloat16.
void multiply_bfloat16(const GemmArgs& product, device::ThreadTeam& team, std::byte* workspace,
                       const RowsWork* epilogue);

/// Rounds n floats to another precision.
using RoundFunction = void (*)(const float* x, float* y, int64_t n);

/// Bytes of scratch memory that multiply_rounded() needs.
int64_t rounded_workspace(const GemmArgs& product);

/// The same of rounded operands, multiplied as float32: of two numbers of 16 bits the product is
/// exact there.
void multiply_rounded(GemmArgs product, RoundFunction round, device::ThreadTeam& team,
                      std::byte* workspace, const RowsWork* epilogue);

void matmul_cpu(const graph::KernelCall& call);
void matmul_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
