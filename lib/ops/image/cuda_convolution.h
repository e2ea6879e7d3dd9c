// Convolutions of CUDA kernels: as matrix products, or by a library: cuDNN
// (ops/image/convolution_cudnn.cu), and for tests a loop of the host
// (tests/emulation/convolution.cpp).
#pragma once

#include "device/convolution_shape.h"
#include "graph/op.h"
#include "ops/image/convolution.h"
#include "ops/kernel/device_code.h"

namespace mlrun::ops {

/// Whether the library has a kernel for it.
bool can_convolve(const graph::KernelCall& call, const device::ConvolutionShape& shape);

/// Of each copy of a stack c of a and b, in the order in which ConvolutionPass names them. Only
/// where it can.
void convolve(const graph::KernelCall& call, const device::ConvolutionShape& shape,
              const Stacked<const float>& a, const Stacked<const float>& b,
              const Stacked<float>& c);

/// One of the three passes over arrays as the ops have them.
struct Convolution {
  device::ConvolutionPass pass;
  const ConvolutionGeometry& geometry;
  Shape images;   ///< x or dx: (N, H, W, C)
  Shape filters;  ///< w or dw: (KH, KW, C / groups, K)
  bool may_use_tf32 = false;
};

/// By the library, in the op's workspace (library_places()); false if it has no kernel, or if there
/// is nothing to compute.
bool convolve_by_library(const graph::KernelCall& call, const Convolution& convolution,
                         const Stacked<const float>& a, const Stacked<const float>& b,
                         const Stacked<float>& c);

/// As matrix products over patches, in the op's workspace (ops/image/convolution_patches.h). With a
/// bias (K) for y, of a convolution in one group, if it has data.
void convolve_by_patches(const graph::KernelCall& call, const Convolution& convolution,
                         const Stacked<const float>& a, const Stacked<const float>& b,
                         const Stacked<float>& c, const Stacked<const float>& bias = {});

}  // namespace mlrun::ops
