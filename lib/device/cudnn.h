// Convolutions by cuDNN, which is opened when the first one is computed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include "device/convolution_shape.h"
#include "device/cuda_handles.h"

namespace mlrun::device {

class CudnnLibrary;
struct CudnnPlan;

/// The convolutions of one context. What cuDNN finds out about a shape it finds out once: the first
/// convolution of a shape allocates, the others do not.
class Cudnn {
 public:
  explicit Cudnn(cudaStream_t stream);
  ~Cudnn();

  /// Whether cuDNN is installed and has a kernel that gives the same bits in every run.
  bool can_convolve(const ConvolutionShape& shape) { return plan_of(shape) != nullptr; }

  /// c of a and b, in the order in which ConvolutionPass names them. Only where it can.
  void convolve(const ConvolutionShape& shape, const float* a, const float* b, float* c,
                std::byte* workspace);

  static constexpr int64_t kWorkspaceBytes = int64_t{32} << 20;

  /// 91300 is 9.13.0; 0 where it is not installed.
  static size_t version();

 private:
  const CudnnPlan* plan_of(const ConvolutionShape& shape);

  cudaStream_t stream_;
  std::unique_ptr<CudnnLibrary> library_;
  bool opened_ = false;
  std::map<ConvolutionShape, std::unique_ptr<CudnnPlan>> plans_;  ///< null: no kernel
};

}  // namespace mlrun::device
