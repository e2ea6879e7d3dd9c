#include "ops/epoch.h"

#include <algorithm>
#include <cmath>

#include "device/cpu_context.h"

namespace mlrun::ops {
namespace {

constexpr int64_t kGatherGrain = 1 << 14;  // elements that are worth a thread

int64_t words_of_row(const Tensor& t) { return t.shape[0] == 0 ? 0 : t.elements() / t.shape[0]; }

}  // namespace

void next_step_cpu(const graph::KernelCall& call) { call.out[0].i32()[0] = call.in[0].i32()[0]++; }

void batch_rows_cpu(const graph::KernelCall& call) {
  const int64_t batch_size = static_cast<const BatchRowsOp&>(call.op).batch_size();
  const int32_t* from = call.in[1].i32() + call.in[0].i32()[0] * batch_size;
  std::copy_n(from, call.out[0].elements(), call.out[0].i32());
}

void gather_cpu(const graph::KernelCall& call) {
  const int64_t width = words_of_row(call.in[0]);
  const int64_t grain = std::max<int64_t>(kGatherGrain / std::max<int64_t>(width, 1), 1);
  device::parallel_for(device::cpu_team(call.context), call.in[1].elements(), grain,
                       [&](int64_t begin, int64_t end) {
                         for (int64_t i = begin; i < end; ++i) {
                           std::copy_n(call.in[0].u32() + call.in[1].i32()[i] * width, width,
                                       call.out[0].u32() + i * width);
                         }
                       });
}

void store_batch_cpu(const graph::KernelCall& call) {
  const int64_t batch_size = static_cast<const StoreBatchOp&>(call.op).batch_size();
  const int64_t row = call.in[1].i32()[0] * batch_size;
  std::copy_n(call.in[0].f32(), call.in[0].elements(),
              call.in[2].f32() + row * words_of_row(call.in[2]));
}

void accumulate_cpu(const graph::KernelCall& call) {
  const auto first = static_cast<size_t>(static_cast<const AccumulateOp&>(call.op).first());
  auto* sums = static_cast<double*>(call.in[0].data);
  if (sums[0] != 0) return;
  const auto rows = static_cast<double>(call.in[1].shape[0]);
  for (size_t i = 2; i < call.in.size(); ++i) {
    const auto value = static_cast<double>(call.in[i].f32()[0]);
    if (!std::isfinite(value)) sums[0] = 1;
    sums[1 + first + i - 2] += value * rows;
  }
}

}  // namespace mlrun::ops
