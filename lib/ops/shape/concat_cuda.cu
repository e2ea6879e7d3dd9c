#include "ops/shape/concat.h"

#include "ops/kernel/divider.h"
#include "ops/kernel/launch.h"

namespace mlrun::ops {
namespace {

// A tensor as runs of `run` elements: the axis with what lies behind it.
struct Runs {
  int64_t run = 1;
  int64_t inner = 1;  ///< elements of one step along the axis

  Runs(const Shape& shape, int axis) {
    for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
    run = shape[axis] * inner;
  }
};

}  // namespace

void concat_cuda(const graph::KernelCall& call) {
  const int axis = static_cast<const ConcatOp&>(call.op).axis();
  const int64_t to_run = Runs(call.out[0].shape, axis).run;
  const auto y = stacked<uint32_t>(call.out[0]);
  int64_t offset = 0;
  for (const Tensor& part : call.in) {
    const int64_t from_run = Runs(part.shape, axis).run;
    const Divider run(from_run);
    const auto x = stacked<const uint32_t>(part);
    for_each_element(call, part.elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
      const int64_t row = run.quotient(i);
      y(k)[row * to_run + offset + i - row * run.divisor()] = x(k)[i];
    });
    offset += from_run;
  }
}

void slice_cuda(const graph::KernelCall& call) {
  const auto& op = static_cast<const SliceOp&>(call.op);
  const Runs from(call.in[0].shape, op.axis());
  const Divider run(Runs(call.out[0].shape, op.axis()).run);
  const int64_t from_run = from.run;
  const int64_t offset = op.begin() * from.inner;
  const auto x = stacked<const uint32_t>(call.in[0]);
  const auto y = stacked<uint32_t>(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const int64_t row = run.quotient(i);
    y(k)[i] = x(k)[row * from_run + offset + i - row * run.divisor()];
  });
}

void slice_grad_cuda(const graph::KernelCall& call) {
  const auto& op = static_cast<const SliceGradOp&>(call.op);
  const Runs to(call.out[0].shape, op.axis());
  const Divider run(to.run);
  const int64_t from_run = Runs(call.in[1].shape, op.axis()).run;
  const int64_t offset = op.begin() * to.inner;
  const auto dy = input(call.in[1]);
  const auto dx = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const int64_t row = run.quotient(i);
    const int64_t at = i - row * run.divisor() - offset;
    dx(k)[i] = at >= 0 && at < from_run ? dy(k)[row * from_run + at] : 0.0f;
  });
}

}  // namespace mlrun::ops
