#include <algorithm>

#include "base/divide.h"
#include "device/cpu_context.h"
#include "ops/product/gemm.h"
#include "ops/recurrent/recurrent.h"
#include "ops/recurrent/recurrent_cells.h"

namespace mlrun::ops {
namespace {

// Samples that one thread takes through all steps, without waiting for another. A product of so
// many rows still has the speed of a large one.
constexpr int64_t kBlockSamples = 32;

// block(first sample, samples) for all blocks of the batch; they depend on the batch alone.
template <class Block>
void for_blocks(const graph::KernelCall& call, int64_t batch, Block block) {
  const int64_t count = divide_up(batch, kBlockSamples);
  device::parallel_for(device::cpu_team(call.context), count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      block(i * kBlockSamples, std::min(kBlockSamples, batch - i * kBlockSamples));
    }
  });
}

// Where a block's rows of a step start in a tensor that is by step.
float* at_step(const Tensor& by_step, int64_t step, int64_t sample) {
  return by_step.f32() + (step * by_step.shape[0] + sample) * by_step.shape[2];
}

// inner[:, columns] = h U[:, columns] of a block's rows.
void multiply(const float* h, int64_t h_width, const Tensor& u, int64_t rows, int64_t first,
              int64_t columns, float* inner) {
  GemmArgs x;
  x.m = rows;
  x.n = columns;
  x.k = u.shape[0];
  x.a = h;
  x.lda = h_width;
  x.b = u.f32() + first;
  x.ldb = u.shape[1];
  x.c = inner + first;
  x.ldc = u.shape[1];
  gemm(x);
}

// dh = dinner[:, columns] U[:, columns]^T.
void multiply_back(const float* dinner, const Tensor& u, int64_t rows, int64_t first,
                   int64_t columns, float* dh) {
  GemmArgs x;
  x.transpose_b = true;
  x.m = rows;
  x.n = u.shape[0];
  x.k = columns;
  x.a = dinner + first;
  x.lda = u.shape[1];
  x.b = u.f32() + first;
  x.ldb = u.shape[1];
  x.c = dh;
  x.ldc = u.shape[0];
  gemm(x);
}

void run_block(const graph::KernelCall& call, const RecurrentSettings& settings, int64_t sample,
               int64_t rows) {
  const Tensor& u = call.in[1];
  const Tensor& states = call.out[0];
  const Tensor& before = call.out[2];
  const Tensor& saved = call.out[3];
  const int64_t units = u.shape[0];
  const int64_t width = u.shape[1];
  const int64_t steps = states.shape[1];
  float* inner = reinterpret_cast<float*>(call.workspace) + sample * width;
  std::fill_n(at_step(before, 0, sample), rows * units, 0.0f);
  for (int64_t t = 0; t < steps; ++t) {
    CellStep s{settings, rows, units};
    s.x = at_step(call.in[0], t, sample);
    s.inner = inner;
    s.bias = settings.cell == Cell::kGru ? call.in[2].f32() : nullptr;
    s.mask = settings.masked ? at_step(call.in.back(), t, sample) : nullptr;
    s.before = at_step(before, t, sample);
    s.saved = at_step(saved, t, sample);
    s.state = at_step(states, t, sample);
    if (settings.cell == Cell::kLstm) {
      s.cell = at_step(call.out[4], t, sample);
      s.cell_before = t == 0 ? nullptr : at_step(call.out[4], t - 1, sample);
    }
    const bool reset_first = settings.cell == Cell::kGruResetFirst;
    if (t == 0) {
      std::fill_n(inner, rows * width, 0.0f);
    } else {
      multiply(s.before, units, u, rows, 0, reset_first ? 2 * units : width, inner);
    }
    cell_step(s);
    if (reset_first) {
      if (t > 0) multiply(s.saved + 3 * units, 4 * units, u, rows, 2 * units, units, inner);
      cell_finish(s);
    }
    float* next =
        t + 1 < steps ? at_step(before, t + 1, sample) : call.out[1].f32() + sample * units;
    std::copy_n(s.state, rows * units, next);
  }
}

// The operands of the gradient by name.
struct GradOperands {
  explicit GradOperands(const graph::KernelCall& call) {
    const auto& op = static_cast<const RecurrentGradOp&>(call.op);
    size_t next = 3;
    if (op.settings().cell == Cell::kLstm) cells = &call.in[next++];
    if (op.settings().masked) mask = &call.in[next++];
    if (op.of_states()) dstates = &call.in[next++];
    if (op.of_last()) dlast = &call.in[next++];
  }

  const Tensor* cells = nullptr;
  const Tensor* mask = nullptr;
  const Tensor* dstates = nullptr;
  const Tensor* dlast = nullptr;
};

void run_grad_block(const graph::KernelCall& call, const RecurrentSettings& settings,
                    int64_t sample, int64_t rows) {
  const GradOperands operands(call);
  const Tensor& u = call.in[0];
  const Tensor& before = call.in[1];
  const int64_t units = u.shape[0];
  const int64_t width = u.shape[1];
  const int64_t batch = before.shape[0];
  float* dstate = reinterpret_cast<float*>(call.workspace) + sample * units;
  float* around = dstate + batch * units;
  float* dcell = around + batch * units;
  std::fill_n(around, rows * units, 0.0f);
  std::fill_n(dcell, rows * units, 0.0f);
  if (operands.dlast) {
    std::copy_n(operands.dlast->f32() + sample * units, rows * units, dstate);
  } else {
    std::fill_n(dstate, rows * units, 0.0f);
  }
  for (int64_t t = before.shape[1]; t-- > 0;) {
    CellGrad s{settings, rows, units};
    s.mask = operands.mask ? at_step(*operands.mask, t, sample) : nullptr;
    s.before = at_step(before, t, sample);
    s.saved = at_step(call.in[2], t, sample);
    if (operands.cells) {
      s.cell = at_step(*operands.cells, t, sample);
      s.cell_before = t == 0 ? nullptr : at_step(*operands.cells, t - 1, sample);
    }
    s.dstate_out = operands.dstates ? at_step(*operands.dstates, t, sample) : nullptr;
    s.dstate = dstate;
    s.around = around;
    s.dcell = dcell;
    s.dx = at_step(call.out[0], t, sample);
    s.dinner = settings.cell == Cell::kGru ? at_step(call.out[1], t, sample) : nullptr;
    cell_grad(s);
    const bool reset_first = settings.cell == Cell::kGruResetFirst;
    if (reset_first) {
      multiply_back(s.dx, u, rows, 2 * units, units, dstate);
      cell_grad_finish(s);
    }
    if (t == 0) continue;
    multiply_back(s.dinner ? s.dinner : s.dx, u, rows, 0, reset_first ? 2 * units : width, dstate);
  }
}

void copy_row(const float* x, const float* factors, int64_t width, float* y) {
  if (!factors) {
    std::copy_n(x, width, y);
    return;
  }
  for (int64_t c = 0; c < width; ++c) y[c] = x[c] * factors[c];
}

}  // namespace

void step_order_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const StepOrderOp&>(call.op);
  const Shape& shape = call.in[0].shape;
  const int64_t batch = shape[0];
  const int64_t steps = shape[1];
  const int64_t width = shape[2];
  const float* factors = call.in.size() > 1 ? call.in[1].f32() : nullptr;
  device::parallel_for(device::cpu_team(call.context), batch, 16, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      for (int64_t t = 0; t < steps; ++t) {
        const int64_t by_sample = n * steps + (op.reverse() ? steps - 1 - t : t);
        const int64_t by_step = t * batch + n;
        copy_row(call.in[0].f32() + (op.by_step() ? by_sample : by_step) * width,
                 factors ? factors + n * width : nullptr, width,
                 call.out[0].f32() + (op.by_step() ? by_step : by_sample) * width);
      }
    }
  });
}

void recurrent_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const RecurrentOp&>(call.op);
  for_blocks(call, call.out[0].shape[0],
             [&](int64_t sample, int64_t rows) { run_block(call, op.settings(), sample, rows); });
}

void recurrent_grad_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const RecurrentGradOp&>(call.op);
  for_blocks(call, call.in[1].shape[0], [&](int64_t sample, int64_t rows) {
    run_grad_block(call, op.settings(), sample, rows);
  });
}

}  // namespace mlrun::ops
