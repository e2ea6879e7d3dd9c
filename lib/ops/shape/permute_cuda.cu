#include "ops/shape/permute.h"

#include "ops/kernel/divider.h"
#include "ops/kernel/launch.h"

namespace mlrun::ops {
namespace {

// Where an element of the output lies in the input.
struct Source {
  int rank = 0;
  Divider dims[Shape::kMaxRank];  ///< of the output
  int64_t strides[Shape::kMaxRank] = {};

  Source(const Shape& from, const Shape& to, const std::vector<int>& order) : rank(to.rank()) {
    int64_t own[Shape::kMaxRank] = {};
    int64_t stride = 1;
    for (int axis = rank - 1; axis >= 0; --axis) {
      own[axis] = stride;
      stride *= from[axis];
    }
    for (int axis = 0; axis < rank; ++axis) {
      dims[axis] = Divider(to[axis]);
      strides[axis] = axis == 0 ? own[0] : own[order[static_cast<size_t>(axis - 1)]];
    }
  }

  MLRUN_DEVICE int64_t of(int64_t i) const {
    int64_t at = 0;
    for (int axis = rank - 1; axis > 0; --axis) {
      const int64_t rest = dims[axis].quotient(i);
      at += (i - rest * dims[axis].divisor()) * strides[axis];
      i = rest;
    }
    return at + i * strides[0];
  }
};

}  // namespace

void permute_cuda(const graph::KernelCall& call) {
  const Source source(call.in[0].shape, call.out[0].shape,
                      static_cast<const PermuteOp&>(call.op).order());
  const auto x = stacked<const uint32_t>(call.in[0]);
  const auto y = stacked<uint32_t>(call.out[0]);
  for_each_element(call, call.out[0].elements(),
                   [=] MLRUN_KERNEL(int64_t k, int64_t i) { y(k)[i] = x(k)[source.of(i)]; });
}

}  // namespace mlrun::ops
