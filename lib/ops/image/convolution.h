// Two-dimensional convolution and its two gradients; channels last. One dimension is H = 1.
//
//   y[n, i, j, k] = sum over (a, b, c) of x[n, i S - P + a D, j S - P + b D, c] w[a, b, c, k]
//
// per axis with stride S, padding P and dilation D; x is 0 outside. With G groups, channels and
// filters are cut into G parts and part g of the filters sees part g of the channels.
#pragma once

#include <array>
#include <memory>

#include "ops/elementwise/elementwise.h"
#include "ops/elementwise/epilogue.h"

namespace mlrun::ops {

/// One spatial axis of a convolution: `in` positions, `kernel` taps, `out` positions.
struct ConvolutionAxis {
  int64_t in = 1;
  int64_t kernel = 1;
  int64_t out = 1;
  int64_t stride = 1;
  int64_t dilation = 1;
  int64_t padding = 0;  ///< before the first position; behind the last, what `out` asks for

  /// First to last tap.
  int64_t extent() const { return (kernel - 1) * dilation + 1; }
};

struct ConvolutionGeometry {
  std::array<ConvolutionAxis, 2> axes;  ///< height, width
  int64_t groups = 1;
};

/// Inputs, then the operands of the epilogue:
///   plain        x (N, H, W, C),     w (KH, KW, C / groups, K)  -> (N, OH, OW, K)
///   transposed   dy (N, OH, OW, K),  w (KH, KW, C / groups, K)  -> (N, H, W, C)
/// The transposed one is the gradient of the plain one with respect to x, and the reverse.
class ConvolutionOp : public EpilogueOp {
 public:
  ConvolutionOp(const ConvolutionGeometry& geometry, bool transposed,
                std::shared_ptr<const ElementwiseOp> epilogue = nullptr)
      : EpilogueOp(std::move(epilogue)), geometry_(geometry), transposed_(transposed) {}

  std::string_view name() const override { return "Convolution"; }
  void gradient(graph::GradientRule& rule) const override;
  int64_t workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const override;
  int64_t gpu_workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const override;
  std::shared_ptr<const EpilogueOp> with(
      std::shared_ptr<const ElementwiseOp> epilogue) const override;
  /// The same; whether a device may round its operands to tf32.
  std::shared_ptr<const ConvolutionOp> with_tf32(bool allowed) const;

  const ConvolutionGeometry& geometry() const { return geometry_; }
  bool transposed() const { return transposed_; }
  bool may_use_tf32() const { return may_use_tf32_; }

 protected:
  TensorType product(std::span<const TensorType> inputs) const override;
  double product_flops(std::span<const TensorType> inputs, int64_t batch) const override;

 private:
  ConvolutionGeometry geometry_;
  bool transposed_;
  bool may_use_tf32_ = false;
};

/// x (N, H, W, C), dy (N, OH, OW, K) -> dw (KH, KW, C / groups, K).
class ConvolutionWeightGradOp : public graph::Op {
 public:
  explicit ConvolutionWeightGradOp(const ConvolutionGeometry& geometry) : geometry_(geometry) {}

  std::string_view name() const override { return "ConvolutionWeightGrad"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  int64_t workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const override;
  int64_t gpu_workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const override;
  graph::Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                   int64_t batch) const override;
  std::shared_ptr<const ConvolutionWeightGradOp> with_tf32(bool allowed) const;
  const ConvolutionGeometry& geometry() const { return geometry_; }
  bool may_use_tf32() const { return may_use_tf32_; }

 private:
  ConvolutionGeometry geometry_;
  bool may_use_tf32_ = false;
};

void convolution_cpu(const graph::KernelCall& call);
void convolution_weight_grad_cpu(const graph::KernelCall& call);
void convolution_cuda(const graph::KernelCall& call);
void convolution_weight_grad_cuda(const graph::KernelCall& call);

/// Where a library of a GPU finds its operands in the workspace, in elements: first the filters as
/// (filters, kernel, channels), then images that bring their padding with them.
struct LibraryPlaces {
  ConvolutionGeometry geometry;  ///< with as much padding behind as before
  bool pads_images = false;
  int64_t first_image = 0;
  int64_t count = 0;
};

/// `channels` of the images.
LibraryPlaces library_places(const ConvolutionGeometry& geometry, int64_t batch, int64_t channels,
                             const Shape& filters);

/// Bytes that the CPU kernels need of the workspace.
int64_t convolution_workspace_cpu(const ConvolutionOp& op, const Shape& weights);
int64_t convolution_weight_workspace_cpu(const ConvolutionGeometry& geometry, const Shape& x,
                                         const Shape& dy, int64_t batch);

}  // namespace mlrun::ops
