#include "device/cublas.h"

#include <fmt/format.h>

#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"

namespace mlrun::device {
namespace {

using Descriptor = Owned<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using Layout = Owned<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using Preference = Owned<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

cublasComputeType_t compute_type(ProductPrecision precision) {
  return precision == ProductPrecision::kTfloat32 ? CUBLAS_COMPUTE_32F_FAST_TF32
                                                  : CUBLAS_COMPUTE_32F;
}

cudaDataType_t operand_type(ProductPrecision precision) {
  switch (precision) {
    case ProductPrecision::kFloat32:
    case ProductPrecision::kTfloat32:
      return CUDA_R_32F;
    case ProductPrecision::kBfloat16:
      return CUDA_R_16BF;
    case ProductPrecision::kFloat16:
      return CUDA_R_16F;
  }
  return CUDA_R_32F;
}

cudaDataType_t result_type(const ProductShape& x) {
  return x.half_result ? operand_type(x.precision) : CUDA_R_32F;
}

size_t size_of_result(const ProductShape& x) {
  return x.half_result ? sizeof(uint16_t) : sizeof(float);
}

template <class T>
void set(const Descriptor& descriptor, cublasLtMatmulDescAttributes_t attribute, const T& value) {
  MLRUN_CUDA_CHECK(
      cublasLtMatmulDescSetAttribute(descriptor.get(), attribute, &value, sizeof value));
}

template <class T>
void set(const Layout& layout, cublasLtMatrixLayoutAttribute_t attribute, const T& value) {
  MLRUN_CUDA_CHECK(cublasLtMatrixLayoutSetAttribute(layout.get(), attribute, &value, sizeof value));
}

// A row-major matrix is, to cuBLAS, its transpose: (columns, rows).
struct Matrix {
  int64_t rows, columns, row_stride, stride;
};

Layout layout_of(cudaDataType_t type, const Matrix& x, int64_t count) {
  cublasLtMatrixLayout_t made = nullptr;
  MLRUN_CUDA_CHECK(cublasLtMatrixLayoutCreate(&made, type, static_cast<uint64_t>(x.columns),
                                              static_cast<uint64_t>(x.rows), x.row_stride));
  Layout layout(made);
  set(layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, static_cast<int32_t>(count));
  set(layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, x.stride);
  return layout;
}

Preference preference(uint32_t alignment) {
  cublasLtMatmulPreference_t made = nullptr;
  MLRUN_CUDA_CHECK(cublasLtMatmulPreferenceCreate(&made));
  Preference preference(made);
  const auto bytes = static_cast<uint64_t>(Cublas::kWorkspaceBytes);
  MLRUN_CUDA_CHECK(cublasLtMatmulPreferenceSetAttribute(
      made, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &bytes, sizeof bytes));
  // A sum in parts is added up in float32; left to itself cuBLASLt may do that in the result's 16
  // bits.
  const uint32_t reductions = CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
  MLRUN_CUDA_CHECK(cublasLtMatmulPreferenceSetAttribute(
      made, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &reductions, sizeof reductions));
  for (const cublasLtMatmulPreferenceAttributes_t of_operand :
       {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
    MLRUN_CUDA_CHECK(
        cublasLtMatmulPreferenceSetAttribute(made, of_operand, &alignment, sizeof alignment));
  }
  return preference;
}

}  // namespace

// c^T = op(b)^T op(a)^T: cuBLAS' first operand is b.
struct ProductPlan {
  Descriptor descriptor;
  Layout a, b, c;
  cublasLtMatmulAlgo_t algorithm{};
  std::optional<bool> keeps_nan;
};

namespace {

Descriptor descriptor_of(const ProductShape& x) {
  cublasLtMatmulDesc_t made = nullptr;
  MLRUN_CUDA_CHECK(cublasLtMatmulDescCreate(&made, compute_type(x.precision), CUDA_R_32F));
  Descriptor descriptor(made);
  set(descriptor, CUBLASLT_MATMUL_DESC_TRANSA, x.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(descriptor, CUBLASLT_MATMUL_DESC_TRANSB, x.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
  if (x.epilogue == ProductEpilogue::kNone) return descriptor;
  set(descriptor, CUBLASLT_MATMUL_DESC_EPILOGUE,
      x.epilogue == ProductEpilogue::kBias ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_RELU_BIAS);
  set(descriptor, CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE, x.stride_bias);
  return descriptor;
}

bool choose_algorithm(ProductPlan& plan, cublasLtHandle_t handle, const ProductShape& x) {
  const Preference wanted = preference(x.alignment);
  cublasLtMatmulHeuristicResult_t found{};
  int count = 0;
  MLRUN_CUDA_CHECK(cublasLtMatmulAlgoGetHeuristic(handle, plan.descriptor.get(), plan.b.get(),
                                                  plan.a.get(), plan.c.get(), plan.c.get(),
                                                  wanted.get(), 1, &found, &count));
  plan.algorithm = found.algo;
  return count > 0;
}

std::unique_ptr<ProductPlan> make_plan(cublasLtHandle_t handle, const ProductShape& x) {
  auto plan = std::make_unique<ProductPlan>();
  plan->descriptor = descriptor_of(x);
  const Matrix a =
      x.transpose_a ? Matrix{x.k, x.m, x.lda, x.stride_a} : Matrix{x.m, x.k, x.lda, x.stride_a};
  const Matrix b =
      x.transpose_b ? Matrix{x.n, x.k, x.ldb, x.stride_b} : Matrix{x.k, x.n, x.ldb, x.stride_b};
  plan->a = layout_of(operand_type(x.precision), a, x.count);
  plan->b = layout_of(operand_type(x.precision), b, x.count);
  plan->c = layout_of(result_type(x), {x.m, x.n, x.ldc, x.stride_c}, x.count);
  return choose_algorithm(*plan, handle, x) ? std::move(plan) : nullptr;
}

// Columns of a matrix may begin anywhere; left to itself cuBLASLt counts on 256 bytes.
uint32_t alignment_of(const ProductShape& x, const ProductOperands& operands) {
  auto bits = uintptr_t{256};
  for (const void* p :
       {operands.a, operands.b, static_cast<const void*>(operands.c), operands.bias}) {
    bits |= reinterpret_cast<uintptr_t>(p);
  }
  const bool halves = operand_type(x.precision) != CUDA_R_32F;
  for (const int64_t stride : {x.stride_a, x.stride_b}) {
    bits |= static_cast<uintptr_t>(stride) * (halves ? sizeof(uint16_t) : sizeof(float));
  }
  for (const int64_t stride : {x.stride_c, x.stride_bias}) {
    bits |= static_cast<uintptr_t>(stride) * size_of_result(x);
  }
  return static_cast<uint32_t>(bits & (~bits + 1));
}

// Behind the sign, what is above infinity is NaN.
template <class Bits>
bool all_nan(std::span<const std::byte> bytes, Bits infinity) {
  for (size_t at = 0; at < bytes.size(); at += sizeof(Bits)) {
    Bits bits = 0;
    std::memcpy(&bits, bytes.data() + at, sizeof bits);
    if ((bits & static_cast<Bits>(~Bits{0}) >> 1) <= infinity) return false;
  }
  return true;
}

bool all_nan(std::span<const std::byte> bytes, cudaDataType_t type) {
  if (type == CUDA_R_16F) return all_nan<uint16_t>(bytes, 0x7c00);
  if (type == CUDA_R_16BF) return all_nan<uint16_t>(bytes, 0x7f80);
  return all_nan<uint32_t>(bytes, 0x7f800000);
}

CublasLt make_handle() {
  const auto lock = lock_driver();
  cublasLtHandle_t handle = nullptr;
  MLRUN_CUDA_CHECK(cublasLtCreate(&handle));
  return CublasLt(handle);
}

}  // namespace

Cublas::Cublas() : handle_(make_handle()) {}
Cublas::~Cublas() = default;

ProductPlan* Cublas::plan_of(const ProductShape& wanted, const ProductOperands& operands) {
  ProductShape shape = wanted;
  shape.alignment = alignment_of(wanted, operands);
  const auto [at, is_new] = plans_.try_emplace(shape);
  if (is_new) at->second = make_plan(handle_.get(), shape);
  return at->second.get();
}

bool Cublas::can_finish(const ProductShape& shape, const ProductOperands& operands,
                        std::byte* workspace, cudaStream_t stream) {
  if (!plan_of(shape, operands)) return false;
  return shape.epilogue != ProductEpilogue::kBiasRelu ||
         relu_keeps_nan(shape, operands, workspace, stream);
}

// A number whose bits are all ones is NaN, in every type.
bool Cublas::relu_keeps_nan(const ProductShape& shape, const ProductOperands& operands,
                            std::byte* workspace, cudaStream_t stream) {
  ProductPlan& plan = *plan_of(shape, operands);
  if (plan.keeps_nan) return *plan.keeps_nan;
  const size_t size = size_of_result(shape);
  const auto biases = static_cast<size_t>((shape.count - 1) * shape.stride_bias + shape.n);
  const auto alignment = static_cast<size_t>(reinterpret_cast<uintptr_t>(operands.bias) % 256);
  const DeviceMemory lost = make_device_memory(biases * size + alignment);
  ProductOperands with_lost = operands;
  with_lost.bias = lost.get() + alignment;
  MLRUN_CUDA_CHECK(cudaMemsetAsync(lost.get(), 0xff, biases * size + alignment, stream));
  multiply(shape, with_lost, workspace, stream);
  std::vector<std::byte> row(static_cast<size_t>(shape.n) * size);
  MLRUN_CUDA_CHECK(
      cudaMemcpyAsync(row.data(), operands.c, row.size(), cudaMemcpyDeviceToHost, stream));
  MLRUN_CUDA_CHECK(cudaStreamSynchronize(stream));
  plan.keeps_nan = all_nan(row, result_type(shape));
  return *plan.keeps_nan;
}

void Cublas::multiply(const ProductShape& shape, const ProductOperands& operands,
                      std::byte* workspace, cudaStream_t stream) {
  ProductPlan* const found = plan_of(shape, operands);
  if (!found) {
    throw Error(fmt::format("cuBLASLt has no kernel for {} products of {} x {} x {}", shape.count,
                            shape.m, shape.n, shape.k));
  }
  ProductPlan& plan = *found;
  if (shape.epilogue != ProductEpilogue::kNone) {
    set(plan.descriptor, CUBLASLT_MATMUL_DESC_BIAS_POINTER, operands.bias);
  }
  const float one = 1;
  const float of_c = shape.accumulate ? 1 : 0;
  MLRUN_CUDA_CHECK(cublasLtMatmul(handle_.get(), plan.descriptor.get(), &one, operands.b,
                                  plan.b.get(), operands.a, plan.a.get(), &of_c, operands.c,
                                  plan.c.get(), operands.c, plan.c.get(), &plan.algorithm,
                                  workspace, static_cast<size_t>(kWorkspaceBytes), stream));
}

}  // namespace mlrun::device
