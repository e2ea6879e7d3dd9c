#include "ops/elementwise_program.h"
#include "ops/launch.h"
#include "ops/summed_gradient.h"

namespace mlrun::ops {
namespace {

constexpr int kWide = EwProgram::kWide;
constexpr int kRows = 4;  // that a thread has on their way at once

static_assert(kWide == SummedGradientOp::kWidth);

// Each thread goes down the rows of its columns, and leaves the gradients on the way.
template <bool kIsHalf>
void run_at_once(const graph::KernelCall& call, const EwProgram& program) {
  const int64_t chunks = call.out[1].elements() / kWide;  // of a row
  const int64_t rows = call.out[0].elements() / call.out[1].elements();
  const auto sums = output(call.out[1]);
  reduce_columns<Floats<kWide>>(
      call, (rows + kRows - 1) / kRows, chunks,
      [=] MLRUN_KERNEL(int64_t k, int64_t group, int64_t column) {
        return program.run_gradients<kIsHalf, kRows>(k, group * kRows, rows, column, chunks);
      },
      [=] MLRUN_KERNEL(int64_t k, int64_t column, const Floats<kWide>& sum) {
        for (int i = 0; i < kWide; ++i) sums(k)[column * kWide + i] = sum.of[i];
      });
}

// Few elements leave most of a GPU without work: then the rows must not wait for each other.
void run_in_turn(const graph::KernelCall& call, const ElementwiseOp& program) {
  const int64_t width = call.out[1].elements();
  run_elementwise_cuda(call, program, call.out[0].shape, call.in, call.out.first(1));
  const Numbers y(call.out[0]);
  const auto sums = output(call.out[1]);
  reduce_columns<float>(
      call, call.out[0].elements() / width, width,
      [=] MLRUN_KERNEL(int64_t k, int64_t row, int64_t column) {
        return y(k, row * width + column);
      },
      [=] MLRUN_KERNEL(int64_t k, int64_t column, float sum) { sums(k)[column] = sum; });
}

}  // namespace

void summed_gradient_cuda(const graph::KernelCall& call) {
  constexpr int64_t kManyElements = 1 << 20;
  const ElementwiseOp& op = static_cast<const SummedGradientOp&>(call.op).program();
  const EwProgram program(op, call.out[0].shape, call.in, call.out.first(1), varied(call));
  const bool many = call.out[0].elements() >= kManyElements;
  if (many && program.is_packed(true)) return run_at_once<true>(call, program);
  if (many && program.is_packed(false)) return run_at_once<false>(call, program);
  run_in_turn(call, op);
}

}  // namespace mlrun::ops
