// Matrix products by cuBLASLt.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>

#include "device/cuda_handles.h"

namespace mlrun::device {

enum class ProductPrecision : uint8_t { kFloat32, kTfloat32, kBfloat16, kFloat16 };
enum class ProductEpilogue : uint8_t { kNone, kBias, kBiasRelu };

/// `count` products c = op(a) op(b) side by side, as ops/product/gemm.h has them: row-major, op(a)
/// is (m, k), op(b) is (k, n). Strides are in elements, from one product to the next. Of epilogues,
/// one bias (n) for each product, and relu behind it.
struct ProductShape {
  bool transpose_a = false;
  bool transpose_b = false;
  int64_t m = 0, n = 0, k = 0;
  int64_t lda = 0, ldb = 0, ldc = 0;
  int64_t count = 1;
  int64_t stride_a = 0, stride_b = 0, stride_c = 0, stride_bias = 0;
  ProductPrecision precision = ProductPrecision::kFloat32;  ///< of a and b
  bool half_result = false;  ///< c and the bias are of 16 bits as a and b are; else float32
  ProductEpilogue epilogue = ProductEpilogue::kNone;
  bool accumulate = false;  ///< adds to c
  uint32_t alignment = 0;   ///< of all operands, in bytes: Cublas looks it up

  auto operator<=>(const ProductShape&) const = default;
};

/// Floats, or numbers of 16 bits where the shape has these.
struct ProductOperands {
  const void* a = nullptr;
  const void* b = nullptr;
  void* c = nullptr;
  const void* bias = nullptr;
};

struct ProductPlan;

/// The products of one context. What cuBLASLt finds out about a shape it finds out once: the first
/// product of a shape allocates, the others do not.
class Cublas {
 public:
  Cublas();
  ~Cublas();

  /// Not all may be empty: m, n, k and count > 0.
  void multiply(const ProductShape& shape, const ProductOperands& operands, std::byte* workspace,
                cudaStream_t stream);

  /// Whether cuBLASLt has a product with this epilogue on this GPU, and its relu keeps NaN, which
  /// is not promised: found out by a bias of NaN, once for each shape. What is in c is lost.
  bool can_finish(const ProductShape& shape, const ProductOperands& operands, std::byte* workspace,
                  cudaStream_t stream);

  static constexpr int64_t kWorkspaceBytes = int64_t{32} << 20;

 private:
  /// Null if cuBLASLt has no kernel for it.
  ProductPlan* plan_of(const ProductShape& shape, const ProductOperands& operands);
  bool relu_keeps_nan(const ProductShape& shape, const ProductOperands& operands,
                      std::byte* workspace, cudaStream_t stream);

  CublasLt handle_;
  std::map<ProductShape, std::unique_ptr<ProductPlan>> plans_;
};

}  // namespace mlrun::device
