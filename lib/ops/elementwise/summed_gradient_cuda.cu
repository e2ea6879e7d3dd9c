#include "base/divide.h"
#include "ops/elementwise/elementwise_program.h"
#include "ops/elementwise/summed_gradient.h"
#include "ops/kernel/launch.h"
#include "ops/shape/reduce.h"

namespace mlrun::ops {
namespace {

constexpr int kWide = EwProgram::kWide;
constexpr int kRows = 2;  // that a thread has on their way at once

static_assert(kWide == SummedGradientOp::kWidth);

// Each thread goes down the rows of its columns, and leaves the gradients on the way.
template <Ew kCode>
void run_at_once(const graph::KernelCall& call, const EwProgram& program) {
  const int64_t chunks = call.out[1].elements() / kWide;  // of a row
  const int64_t rows = call.out[0].elements() / call.out[1].elements();
  const auto sums = output(call.out[1]);
  reduce_columns<Floats<kWide>>(
      call, divide_up(rows, kRows), chunks,
      [=] MLRUN_KERNEL(int64_t k, int64_t group, int64_t column) {
        return program.run_column<kCode, kRows>(k, group * kRows, rows, column, chunks);
      },
      [=] MLRUN_KERNEL(int64_t k, int64_t column, const Floats<kWide>& sum) {
        for (int i = 0; i < kWide; ++i) sums(k)[column * kWide + i] = sum.of[i];
      });
}

void run_at_once(const graph::KernelCall& call, const EwProgram& program) {
  switch (program.first_code()) {
#define MLRUN_EW_CASE(name) \
  case Ew::name:            \
    return run_at_once<Ew::name>(call, program);
    MLRUN_EW_GRADIENTS(MLRUN_EW_CASE)
#undef MLRUN_EW_CASE
    default:
      return;
  }
}

// Down the rows goes one thread for eight columns: of a smaller gradient that leaves most of a GPU
// without work, and the sum comes behind it, by more threads.
bool is_large(const Tensor& gradient, const Tensor& sum) {
  constexpr int64_t kManyElements = 1 << 22;
  constexpr int64_t kManyColumns = 256;
  return gradient.elements() >= kManyElements && sum.elements() >= kManyColumns;
}

}  // namespace

void summed_gradient_cuda(const graph::KernelCall& call) {
  const ElementwiseOp& op = static_cast<const SummedGradientOp&>(call.op).program();
  const EwProgram program(op, call.out[0].shape, call.in, call.out.first(1), varied(call));
  if (is_large(call.out[0], call.out[1]) && program.is_packed()) return run_at_once(call, program);
  run_elementwise_cuda(call, op, call.out[0].shape, call.in, call.out.first(1));
  sum_rows_cuda(call, call.out[0], call.out[1], 1);
}

}  // namespace mlrun::ops
