#include <algorithm>
#include <optional>
#include <type_traits>

#include "base/divide.h"
#include "ops/kernel/device_workspace.h"
#include "ops/kernel/divider.h"
#include "ops/kernel/launch.h"
#include "ops/product/cuda_product.h"
#include "ops/recurrent/recurrent.h"
#include "ops/recurrent/recurrent_blocks.h"
#include "ops/recurrent/recurrent_device.h"

namespace mlrun::ops {
namespace {

using Values = Stacked<float>;
using Read = Stacked<const float>;

Read read(const Values& x) { return {x.data, x.stride}; }

// Where a step starts in a tensor that is by step.
Values at_step(const Tensor& by_step, int64_t step) {
  return behind(output(by_step), step * by_step.shape[0] * by_step.shape[2]);
}

Read read_step(const Tensor& by_step, int64_t step) { return read(at_step(by_step, step)); }

// Columns of U, and of what is multiplied by them or comes out.
struct Columns {
  int64_t first = 0;
  int64_t count = 0;
};

// inner[:, columns] = h U[:, columns] with h (rows, K) in rows of h_width.
void multiply_forward(const graph::KernelCall& call, const Read& h, int64_t h_width,
                      const Tensor& u, int64_t rows, Columns columns, const Values& inner) {
  Product p;
  p.shape.m = rows, p.shape.n = columns.count, p.shape.k = u.shape[0];
  p.shape.lda = h_width, p.shape.ldb = u.shape[1], p.shape.ldc = u.shape[1];
  p.a = h;
  p.b = behind(input(u), columns.first);
  p.c = behind(inner, columns.first);
  multiply(call, p);
}

// dh = dinner[:, columns] U[:, columns]^T.
void multiply_back(const graph::KernelCall& call, const Values& dinner, const Tensor& u,
                   int64_t rows, Columns columns, const Values& dh) {
  Product p;
  p.shape.transpose_b = true;
  p.shape.m = rows, p.shape.n = u.shape[0], p.shape.k = columns.count;
  p.shape.lda = u.shape[1], p.shape.ldb = u.shape[1], p.shape.ldc = u.shape[0];
  p.a = read(behind(dinner, columns.first));
  p.b = behind(input(u), columns.first);
  p.c = dh;
  multiply(call, p);
}

void fill_zero(const graph::KernelCall& call, const Values& x, int64_t count) {
  for_each_element(call, count, [=] MLRUN_KERNEL(int64_t k, int64_t i) { x(k)[i] = 0; });
}

CellForward cell_forward(const graph::KernelCall& call, const RecurrentSettings& settings) {
  CellForward s{CellKind(settings, call.out[0].shape), {}, {}, {}, {}, {}, {}, {}, {}, {}, {}};
  s.x = input(call.in[0]);
  if (settings.cell == Cell::kGru) s.bias = input(call.in[2]);
  if (settings.masked) s.mask = input(call.in.back());
  s.states = output(call.out[0]);
  s.last = output(call.out[1]);
  s.before = output(call.out[2]);
  s.saved = output(call.out[3]);
  if (settings.cell == Cell::kLstm) s.cell = output(call.out[4]);
  return s;
}

void run_step(const graph::KernelCall& call, CellForward s, int64_t t) {
  const Tensor& u = call.in[1];
  const int64_t batch = s.kind.samples;
  const int64_t units = u.shape[0];
  const bool reset_first = s.kind.cell == Cell::kGruResetFirst;
  const Values inner = workspace_values<float>(call, batch * u.shape[1]);
  if (t > 0) {
    s.inner = {read(inner), u.shape[1]};
    multiply_forward(call, read_step(call.out[2], t), units, u, batch,
                     {0, reset_first ? 2 * units : u.shape[1]}, inner);
  }
  for_each_element(call, batch * units, [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const CellUnit at(s.kind, k, t, i);
    s.step(at, s.read(at));
  });
  if (!reset_first) return;
  if (t > 0) {
    multiply_forward(call, read(behind(at_step(call.out[3], t), 3 * units)), 4 * units, u, batch,
                     {2 * units, units}, inner);
  }
  for_each_element(call, batch * units, [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const CellUnit at(s.kind, k, t, i);
    s.finish(at, s.read(at));
  });
}

CellBackward cell_backward(const graph::KernelCall& call, const RecurrentSettings& settings) {
  const auto& op = static_cast<const RecurrentGradOp&>(call.op);
  const Shape& states = call.in[1].shape;
  CellBackward s{CellKind(settings, states), {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}};
  s.before = input(call.in[1]);
  s.saved = input(call.in[2]);
  size_t next = 3;
  if (settings.cell == Cell::kLstm) s.cell = input(call.in[next++]);
  if (settings.masked) s.mask = input(call.in[next++]);
  if (op.of_states()) s.dstates = input(call.in[next++]);
  if (op.of_last()) s.dlast = input(call.in[next++]);
  const int64_t count = states[0] * states[2];
  s.around = behind(workspace_values<float>(call, 3 * count), count);
  s.dcell = behind(s.around, count);
  s.dx = output(call.out[0]);
  if (settings.cell == Cell::kGru) s.dinner = output(call.out[1]);
  return s;
}

void run_grad_step(const graph::KernelCall& call, CellBackward s, int64_t t) {
  const Tensor& u = call.in[0];
  const int64_t batch = s.kind.samples;
  const int64_t units = u.shape[0];
  const bool reset_first = s.kind.cell == Cell::kGruResetFirst;
  const Values dstate = workspace_values<float>(call, 3 * batch * units);
  if (t + 1 < s.kind.steps) s.dstate = {read(dstate), units};
  for_each_element(call, batch * units, [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const CellUnit at(s.kind, k, t, i);
    s.step(at, s.read(at));
  });
  if (reset_first) {
    multiply_back(call, at_step(call.out[0], t), u, batch, {2 * units, units}, dstate);
    s.dstate = {read(dstate), units};
    for_each_element(call, batch * units, [=] MLRUN_KERNEL(int64_t k, int64_t i) {
      s.finish(CellUnit(s.kind, k, t, i));
    });
  }
  if (t == 0) return;
  multiply_back(call, at_step(s.dinner.data ? call.out[1] : call.out[0], t), u, batch,
                {0, reset_first ? 2 * units : u.shape[1]}, dstate);
}

// run(the kind of block for so many samples).
template <template <int> class Block, class Run>
void for_samples(int samples_of_block, Run run) {
  switch (samples_of_block) {
    case 1:
      return run(std::type_identity<Block<1>>());
    case 2:
      return run(std::type_identity<Block<2>>());
    case 4:
      return run(std::type_identity<Block<4>>());
    default:
      return run(std::type_identity<Block<8>>());
  }
}

// How samples go through all steps in blocks; no product where they cannot. kGruResetFirst has two
// products in each step.
struct Blocks {
  int samples = 0;  ///< of each
  int64_t count = 0;
  std::optional<BlockProduct> product;

  // Fewer samples a block leave more room. One fits wherever more do: a stack is computed as one
  // alone.
  Blocks(const graph::KernelCall& call, Cell cell, int64_t batch, const BlockMatrix& u) {
    if (cell == Cell::kGruResetFirst) return;
    const device::BlockLimits limits = block_limits(call);
    samples = 2 * samples_of_block(batch * call.stack, limits.processors);
    while (!product && samples > 1) {
      samples /= 2;
      product = BlockProduct::plan(u, samples, limits.shared_floats);
    }
    count = divide_up(batch, samples);
  }

  // One for each share of the product, and for each unit.
  int64_t threads(int64_t units) const { return std::max(product->threads(), samples * units); }
};

void run_steps(const graph::KernelCall& call, const CellForward& cell) {
  for (int64_t t = 0; t < cell.kind.steps; ++t) run_step(call, cell, t);
}

void run_blocks(const graph::KernelCall& call, const CellForward& cell, const Blocks& blocks) {
  for_samples<ForwardBlock>(blocks.samples, [&]<class Block>(std::type_identity<Block>) {
    for_each_block(call, blocks.count, blocks.threads(cell.kind.units.divisor()),
                   blocks.product->shared_floats(), Block{cell, *blocks.product});
  });
}

void run_grad_steps(const graph::KernelCall& call, const CellBackward& cell) {
  for (int64_t t = cell.kind.steps; t-- > 0;) run_grad_step(call, cell, t);
}

void run_grad_blocks(const graph::KernelCall& call, const CellBackward& cell,
                     const Blocks& blocks) {
  for_samples<BackwardBlock>(blocks.samples, [&]<class Block>(std::type_identity<Block>) {
    for_each_block(call, blocks.count, blocks.threads(cell.kind.units.divisor()),
                   blocks.product->shared_floats(), Block{cell, *blocks.product});
  });
}

}  // namespace

void step_order_cuda(const graph::KernelCall& call) {
  const auto& op = static_cast<const StepOrderOp&>(call.op);
  const bool to_steps = op.by_step();
  const bool reverse = op.reverse();
  const Shape& shape = call.in[0].shape;
  const int64_t batch = shape[0];
  const int64_t steps = shape[1];
  const Divider width(shape[2]);
  const Divider samples(batch);
  const Read x = input(call.in[0]);
  const Read factors = call.in.size() > 1 ? input(call.in[1]) : Read{};
  const Values y = output(call.out[0]);
  // Element i of what is by step.
  for_each_element(call, call.in[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const int64_t row = width.quotient(i);
    const int64_t c = i - row * width.divisor();
    const int64_t t = samples.quotient(row);
    const int64_t n = row - t * batch;
    const int64_t j = (n * steps + (reverse ? steps - 1 - t : t)) * width.divisor() + c;
    const float value = x(k)[to_steps ? j : i];
    y(k)[to_steps ? i : j] = factors.data ? value * factors(k)[n * width.divisor() + c] : value;
  });
}

void recurrent_cuda(const graph::KernelCall& call) {
  const RecurrentSettings& settings = static_cast<const RecurrentOp&>(call.op).settings();
  const Tensor& states = call.out[0];
  if (states.elements() == 0) return;
  fill_zero(call, at_step(call.out[2], 0), states.shape[0] * states.shape[2]);
  const Tensor& u = call.in[1];
  const Blocks blocks(call, settings.cell, states.shape[0],
                      {input(u), u.shape[0], u.shape[1], u.shape[1], false});
  const CellForward cell = cell_forward(call, settings);
  blocks.product ? run_blocks(call, cell, blocks) : run_steps(call, cell);
}

void recurrent_grad_cuda(const graph::KernelCall& call) {
  const RecurrentSettings& settings = static_cast<const RecurrentGradOp&>(call.op).settings();
  if (call.out[0].elements() == 0) return;
  const Tensor& u = call.in[0];
  const Blocks blocks(call, settings.cell, call.in[1].shape[0],
                      {input(u), u.shape[1], u.shape[0], u.shape[1], true});
  const CellBackward cell = cell_backward(call, settings);
  blocks.product ? run_grad_blocks(call, cell, blocks) : run_grad_steps(call, cell);
}

}  // namespace mlrun::ops
