#include "ops/shape/embedding.h"

#include "ops/kernel/divider.h"
#include "ops/kernel/launch.h"

namespace mlrun::ops {
namespace {

// Row numbers that are stored as float or int32; -1 for what is none.
struct Indices {
  Stacked<const float> data;
  bool whole;

  explicit Indices(const Tensor& x) : data(input(x)), whole(x.dtype == DType::kInt32) {}

  MLRUN_DEVICE int64_t at(int64_t k, int64_t i) const {
    if (whole) return reinterpret_cast<const int32_t*>(data(k))[i];
    const float value = data(k)[i];
    return value >= 0 && value < 2147483648.0f ? static_cast<int64_t>(value) : -1;
  }
};

}  // namespace

void embedding_cuda(const graph::KernelCall& call) {
  const int64_t rows = call.in[0].shape[0];
  const Divider width(call.in[0].shape[1]);
  const Indices indices(call.in[1]);
  const auto table = input(call.in[0]);
  const auto y = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const int64_t place = width.quotient(i);
    const int64_t row = indices.at(k, place);
    const bool known = row >= 0 && row < rows;
    y(k)[i] = known ? table(k)[(row - place) * width.divisor() + i] : NAN;
  });
}

// Each row of the table looks for its places: sums in their order, without atomics.
void embedding_grad_cuda(const graph::KernelCall& call) {
  const int64_t rows = call.out[0].shape[0];
  const int64_t width = call.out[0].shape[1];
  const int64_t places = call.in[1].elements();
  const Indices indices(call.in[1]);
  const auto dy = input(call.in[2]);
  const auto dtable = output(call.out[0]);
  for_each_row(call, rows, width, [=] MLRUN_KERNEL(int64_t k, int64_t row, const Lanes& lanes) {
    float* sums = dtable(k) + row * width;
    for (int64_t c = lanes.lane(); c < width; c += lanes.size()) {
      float sum = 0;
      for (int64_t i = 0; i < places; ++i) {
        if (indices.at(k, i) == row) sum += dy(k)[i * width + c];
      }
      sums[c] = sum;
    }
  });
}

}  // namespace mlrun::ops
