// The context of CUDA kernels.
#pragma once

#include <cstdint>

#include "device/block_limits.h"
#include "device/constants.h"
#include "device/context.h"
#include "device/cublas.h"
#include "device/cuda_handles.h"
#include "device/cuda_staging.h"
#include "device/cudnn.h"

namespace mlrun::device {

/// One stream of one GPU, on which all happens in order, with the library handles that belong to
/// it. One thread at a time may use it. All calls throw Error with the name of the CUDA call that
/// failed, or std::bad_alloc.
class CudaContext : public Context {
 public:
  /// `ordinal` counts within CUDA_VISIBLE_DEVICES.
  explicit CudaContext(int ordinal);
  ~CudaContext() override;

  Memory allocate(int64_t bytes) override;
  int64_t free_bytes() const override;
  void upload(void* to, const void* from, int64_t bytes) override;
  void download(void* to, const void* from, int64_t bytes) override;

  /// The first call runs the launches: libraries choose their kernels and load them. The second
  /// captures them into a CUDA graph, which is one launch from then on; `launches` is not called
  /// again.
  void replay(std::unique_ptr<Recording>& recording, FunctionRef<void()> launches) override;

  cudaStream_t stream() const { return stream_.get(); }

  /// Of one kernel or chain of kernels of one op: the next op writes over it.
  std::byte* scratch() const { return scratch_.get(); }
  static constexpr int64_t kScratchBytes = int64_t{8} << 20;

  Constants& constants() { return constants_; }

  const BlockLimits& block_limits() const { return block_limits_; }

  void multiply(const ProductShape& shape, const ProductOperands& operands) {
    cublas_.multiply(shape, operands, library_workspace_.get(), stream());
  }

  bool can_finish(const ProductShape& shape, const ProductOperands& operands) {
    return cublas_.can_finish(shape, operands, library_workspace_.get(), stream());
  }

  bool can_convolve(const ConvolutionShape& shape) { return cudnn_.can_convolve(shape); }
  void convolve(const ConvolutionShape& shape, const float* a, const float* b, float* c) {
    cudnn_.convolve(shape, a, b, c, library_workspace_.get());
  }

 private:
  void release(std::byte* memory) override;

  int ordinal_;
  BlockLimits block_limits_;
  Stream stream_;
  Staging staging_;
  Cublas cublas_;
  Cudnn cudnn_;
  Memory scratch_;
  Memory library_workspace_;
  Constants constants_;
};

}  // namespace mlrun::device
