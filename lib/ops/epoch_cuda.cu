#include "ops/epoch.h"

#include <vector>

#include "ops/kernel/divider.h"
#include "ops/kernel/launch.h"

namespace mlrun::ops {
namespace {

int64_t words_of_row(const Tensor& t) { return t.shape[0] == 0 ? 0 : t.elements() / t.shape[0]; }

}  // namespace

void next_step_cuda(const graph::KernelCall& call) {
  const auto counter = stacked<int32_t>(call.in[0]);
  const auto step = stacked<int32_t>(call.out[0]);
  for_each_element(call, 1, [=] MLRUN_KERNEL(int64_t k, int64_t) { *step(k) = (*counter(k))++; });
}

void batch_rows_cuda(const graph::KernelCall& call) {
  const int64_t batch_size = static_cast<const BatchRowsOp&>(call.op).batch_size();
  const auto step = stacked<const int32_t>(call.in[0]);
  const auto order = stacked<const int32_t>(call.in[1]);
  const auto rows = stacked<int32_t>(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    rows(k)[i] = order(k)[*step(k) * batch_size + i];
  });
}

void gather_cuda(const graph::KernelCall& call) {
  const Divider width(words_of_row(call.in[0]));
  const auto table = stacked<const uint32_t>(call.in[0]);
  const auto rows = stacked<const int32_t>(call.in[1]);
  const auto out = stacked<uint32_t>(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const int64_t row = width.quotient(i);
    out(k)[i] = table(k)[rows(k)[row] * width.divisor() + i - row * width.divisor()];
  });
}

void store_batch_cuda(const graph::KernelCall& call) {
  const int64_t batch_words =
      static_cast<const StoreBatchOp&>(call.op).batch_size() * words_of_row(call.in[2]);
  const auto made = input(call.in[0]);
  const auto step = stacked<const int32_t>(call.in[1]);
  const auto all = output(call.in[2]);
  for_each_element(call, call.in[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    all(k)[*step(k) * batch_words + i] = made(k)[i];
  });
}

void accumulate_cuda(const graph::KernelCall& call) {
  const int64_t first = static_cast<const AccumulateOp&>(call.op).first();
  std::vector<Stacked<const float>> operands;
  for (const Tensor& value : call.in.subspan(2)) operands.push_back(input(value));
  const auto count = static_cast<int64_t>(operands.size());
  const auto* values = constants<Stacked<const float>>(call, operands);
  const auto rows = static_cast<double>(call.in[1].shape[0]);
  const auto sums = stacked<double>(call.in[0]);
  for_each_element(call, 1, [=] MLRUN_KERNEL(int64_t k, int64_t) {
    double* flag = sums(k);
    if (*flag != 0) return;
    for (int64_t i = 0; i < count; ++i) {
      const float value = *values[i](k);
      if (!(fabsf(value) < INFINITY)) *flag = 1;
      flag[1 + first + i] += static_cast<double>(value) * rows;
    }
  });
}

}  // namespace mlrun::ops
