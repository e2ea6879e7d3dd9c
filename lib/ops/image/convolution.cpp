#include "ops/image/convolution.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/divide.h"
#include "graph/graph.h"
#include "ops/image/convolution_patches.h"
#include "ops/image/convolution_way.h"

namespace mlrun::ops {

using graph::ValueId;

namespace {

// Of the image that has as many positions as filters are applied.
double flops_of(const Shape& y, int64_t weight_elements, int64_t batch) {
  if (y.back() == 0) return 0;
  return 2.0 * static_cast<double>(y.elements(batch) / y.back()) *
         static_cast<double>(weight_elements);
}

void expect_image(const Shape& shape, const std::array<int64_t, 2>& size) {
  if (shape.rank() == 4 && shape[1] == size[0] && shape[2] == size[1]) return;
  throw graph::ShapeError(fmt::format("a convolution of (N, {}, {}, C) does not take {}", size[0],
                                      size[1], shape.to_string()));
}

ValueId weight_grad(graph::Graph& g, const ConvolutionGeometry& geometry, ValueId x, ValueId dy) {
  return g.apply(std::make_shared<ConvolutionWeightGradOp>(geometry), {x, dy});
}

ValueId convolve(graph::Graph& g, const ConvolutionGeometry& geometry, bool transposed, ValueId x,
                 ValueId w) {
  return g.apply(std::make_shared<ConvolutionOp>(geometry, transposed), {x, w});
}

// Positions that the windows cover.
int64_t covered(const ConvolutionAxis& a) { return (a.out - 1) * a.stride + a.extent(); }

bool pads_evenly(const ConvolutionAxis& a) {
  const int64_t padded = a.in + 2 * a.padding;
  return a.padding >= 0 && padded >= a.extent() && (padded - a.extent()) / a.stride + 1 == a.out;
}

int64_t library_bytes(const ConvolutionGeometry& geometry, int64_t batch, int64_t channels,
                      const Shape& filters) {
  return library_places(geometry, batch, channels, filters).count *
         static_cast<int64_t>(sizeof(float));
}

// Patches too where there is a library: it may have no kernel.
int64_t gpu_bytes(const ConvolutionGeometry& geometry, int64_t batch, int64_t channels,
                  const Shape& filters, bool may_use_tf32) {
  const int64_t patches =
      Patches{geometry, channels}.count(batch) * static_cast<int64_t>(sizeof(float));
  if (!convolves_by_library(may_use_tf32)) return patches;
  return std::max(patches, library_bytes(geometry, batch, channels, filters));
}

}  // namespace

LibraryPlaces library_places(const ConvolutionGeometry& geometry, int64_t batch, int64_t channels,
                             const Shape& filters) {
  constexpr int64_t kAlignment = 64;
  const auto aligned = [](int64_t n) { return round_up(n, kAlignment); };
  LibraryPlaces places;
  places.geometry = geometry;
  places.first_image = aligned(filters.elements());
  places.count = places.first_image;
  auto& axes = places.geometry.axes;
  if (pads_evenly(axes[0]) && pads_evenly(axes[1])) return places;
  places.pads_images = true;
  for (ConvolutionAxis& axis : axes) {
    axis.in = covered(axis);
    axis.padding = 0;
  }
  places.count += aligned(batch * axes[0].in * axes[1].in * channels);
  return places;
}

TensorType ConvolutionOp::product(std::span<const TensorType> inputs) const {
  const auto& [h, w] = geometry_.axes;
  const Shape& x = inputs[0].shape;
  const Shape& weights = inputs[1].shape;
  expect_image(x, transposed_ ? std::array{h.out, w.out} : std::array{h.in, w.in});
  const bool filters_fit = weights.rank() == 4 && weights[0] == h.kernel && weights[1] == w.kernel;
  const int64_t groups = geometry_.groups;
  const int64_t channels = filters_fit ? weights[2] * groups : 0;
  if (!filters_fit || weights[3] % groups != 0 ||
      x.back() != (transposed_ ? weights[3] : channels)) {
    throw graph::ShapeError(fmt::format("filters {} in {} groups do not fit {}",
                                        weights.to_string(), groups, x.to_string()));
  }
  const Shape y =
      transposed_ ? Shape{x[0], h.in, w.in, channels} : Shape{x[0], h.out, w.out, weights[3]};
  return {y, DType::kFloat32};
}

double ConvolutionOp::product_flops(std::span<const TensorType> inputs, int64_t batch) const {
  const Shape y = transposed_ ? inputs[0].shape : product(inputs).shape;
  return flops_of(y, inputs[1].shape.elements(), batch);
}

void ConvolutionOp::gradient(graph::GradientRule& rule) const {
  graph::Graph& g = rule.graph;
  const ValueId x = rule.inputs[0];
  const ValueId dy = rule.output_grads[0];
  if (rule.wanted[0]) {
    rule.input_grads[0] = convolve(g, geometry_, !transposed_, dy, rule.inputs[1]);
  }
  if (rule.wanted[1]) {
    rule.input_grads[1] =
        transposed_ ? weight_grad(g, geometry_, dy, x) : weight_grad(g, geometry_, x, dy);
  }
}

std::shared_ptr<const EpilogueOp> ConvolutionOp::with(
    std::shared_ptr<const ElementwiseOp> epilogue) const {
  auto same = std::make_shared<ConvolutionOp>(geometry_, transposed_, std::move(epilogue));
  same->may_use_tf32_ = may_use_tf32_;
  return same;
}

std::shared_ptr<const ConvolutionOp> ConvolutionOp::with_tf32(bool allowed) const {
  auto same = std::make_shared<ConvolutionOp>(*this);
  same->may_use_tf32_ = allowed;
  return same;
}

int64_t ConvolutionOp::workspace_bytes(std::span<const TensorType> inputs, int64_t) const {
  return convolution_workspace_cpu(*this, inputs[1].shape);
}

int64_t ConvolutionOp::gpu_workspace_bytes(std::span<const TensorType> inputs,
                                           int64_t batch) const {
  const Shape& filters = inputs[1].shape;
  return gpu_bytes(geometry_, batch, filters[2] * geometry_.groups, filters, may_use_tf32_);
}

std::vector<TensorType> ConvolutionWeightGradOp::infer(std::span<const TensorType> inputs) const {
  const auto& [h, w] = geometry_.axes;
  expect_image(inputs[0].shape, {h.in, w.in});
  expect_image(inputs[1].shape, {h.out, w.out});
  const int64_t channels = inputs[0].shape.back() / geometry_.groups;
  return {{Shape{h.kernel, w.kernel, channels, inputs[1].shape.back()}, DType::kFloat32}};
}

// Both operands of a product that is linear in each: dw = sum x dy.
void ConvolutionWeightGradOp::gradient(graph::GradientRule& rule) const {
  const ValueId ddw = rule.output_grads[0];
  for (const size_t i : {0u, 1u}) {
    if (!rule.wanted[i]) continue;
    rule.input_grads[i] = convolve(rule.graph, geometry_, i == 0, rule.inputs[1 - i], ddw);
  }
}

std::shared_ptr<const ConvolutionWeightGradOp> ConvolutionWeightGradOp::with_tf32(
    bool allowed) const {
  auto same = std::make_shared<ConvolutionWeightGradOp>(*this);
  same->may_use_tf32_ = allowed;
  return same;
}

int64_t ConvolutionWeightGradOp::workspace_bytes(std::span<const TensorType> inputs,
                                                 int64_t batch) const {
  return convolution_weight_workspace_cpu(geometry_, inputs[0].shape, inputs[1].shape, batch);
}

int64_t ConvolutionWeightGradOp::gpu_workspace_bytes(std::span<const TensorType> inputs,
                                                     int64_t batch) const {
  return gpu_bytes(geometry_, batch, inputs[0].shape.back(), infer(inputs)[0].shape, may_use_tf32_);
}

graph::Cost ConvolutionWeightGradOp::cost(std::span<const TensorType> inputs,
                                          std::span<const TensorType> outputs,
                                          int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  cost.flops = flops_of(inputs[1].shape, outputs[0].shape.elements(), batch);
  return cost;
}

}  // namespace mlrun::ops
