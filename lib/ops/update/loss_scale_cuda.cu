#include "ops/kernel/launch.h"
#include "ops/update/loss_scale.h"

namespace mlrun::ops {
namespace {

constexpr int kMostGradients = 16;  // gradients of one launch: they travel as its arguments

struct Gradient {
  Stacked<const float> scaled;
  Stacked<float> result;
  int64_t begin = 0;  ///< number of its first element in the launch
};

struct Gradients {
  int count = 0;
  int64_t elements = 0;
  Gradient list[kMostGradients];
};

// All that see a number that is not finite write the same.
void launch(const graph::KernelCall& call, const Gradients& g) {
  const auto scale = input(call.in[0]);
  const auto gate = output(call.out[0]);
  for_each_element(call, g.elements, [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    int which = 0;
    while (which + 1 < g.count && i >= g.list[which + 1].begin) ++which;
    const int64_t at = i - g.list[which].begin;
    const float x = g.list[which].scaled(k)[at];
    g.list[which].result(k)[at] = x * (1 / *scale(k));
    if (!(fabsf(x) < INFINITY)) *gate(k) = 0;
  });
}

}  // namespace

void unscale_cuda(const graph::KernelCall& call) {
  constexpr size_t kFirst = UnscaleOp::kFirst;
  const auto scale = output(call.in[0]);
  const auto counts = output(call.in[1]);
  const auto gate = output(call.out[0]);
  for_each_element(call, 1, [=] MLRUN_KERNEL(int64_t k, int64_t) { *gate(k) = 1; });
  Gradients g;
  for (size_t i = kFirst; i < call.in.size(); ++i) {
    g.list[g.count++] = {input(call.in[i]), output(call.out[1 + i - kFirst]), g.elements};
    g.elements += call.in[i].elements();
    if (g.count < kMostGradients && i + 1 < call.in.size()) continue;
    launch(call, g);
    g = {};
  }
  const LossScaleSettings settings = static_cast<const UnscaleOp&>(call.op).settings();
  for_each_element(call, 1, [=] MLRUN_KERNEL(int64_t k, int64_t) {
    count_step(settings, *gate(k) != 0, scale(k), counts(k));
    gate(k)[1] = counts(k)[1];
  });
}

}  // namespace mlrun::ops
