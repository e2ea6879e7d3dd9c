#include "device/cuda_context.h"
#include "ops/image/cuda_convolution.h"

namespace mlrun::ops {

bool can_convolve(const graph::KernelCall& call, const device::ConvolutionShape& shape) {
  return static_cast<device::CudaContext&>(call.context).can_convolve(shape);
}

void convolve(const graph::KernelCall& call, const device::ConvolutionShape& shape,
              const Stacked<const float>& a, const Stacked<const float>& b,
              const Stacked<float>& c) {
  auto& context = static_cast<device::CudaContext&>(call.context);
  for (int64_t k = 0; k < call.stack; ++k) context.convolve(shape, a(k), b(k), c(k));
}

}  // namespace mlrun::ops
