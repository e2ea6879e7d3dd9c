// Typed views of memory that someone else owns. No arithmetic.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/shape.h"

namespace mlrun {

/// Numbers of 16 bits are made by ops/narrowing.h alone, for kernels that know them.
enum class DType : uint8_t { kFloat32, kInt32, kUint32, kBfloat16, kFloat16 };

inline constexpr bool is_half(DType dtype) {
  return dtype == DType::kBfloat16 || dtype == DType::kFloat16;
}
inline constexpr int64_t size_of(DType dtype) { return is_half(dtype) ? 2 : 4; }

/// What is known of a value before it has memory.
struct TensorType {
  Shape shape;
  DType dtype = DType::kFloat32;

  int64_t bytes(int64_t batch) const { return shape.elements(batch) * size_of(dtype); }
  bool operator==(const TensorType&) const = default;
};

/// A dense row-major block. `shape` is concrete (no kBatch). Of a stack (graph/executable.h) it is
/// one copy; the next one begins `stride` bytes later, or is the same if that is 0.
struct Tensor {
  void* data = nullptr;
  Shape shape;
  DType dtype = DType::kFloat32;
  int64_t stride = 0;

  float* f32() const { return static_cast<float*>(data); }
  int32_t* i32() const { return static_cast<int32_t*>(data); }
  uint32_t* u32() const { return static_cast<uint32_t*>(data); }
  int64_t elements() const { return shape.elements(); }
};

}  // namespace mlrun
