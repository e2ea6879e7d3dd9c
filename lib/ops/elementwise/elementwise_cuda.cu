#include <algorithm>

#include "ops/elementwise/elementwise_program.h"
#include "ops/kernel/launch.h"

namespace mlrun::ops {
namespace {

template <Ew kCode>
void run_single(const graph::KernelCall& call, const EwProgram& program) {
  for_each_element(call, program.single_threads(), [=] MLRUN_KERNEL(int64_t k, int64_t thread) {
    program.run_single<kCode>(k, thread);
  });
}

void run_single(const graph::KernelCall& call, const EwProgram& program) {
  switch (program.first_code()) {
#define MLRUN_EW_CASE(name) \
  case Ew::name:            \
    return run_single<Ew::name>(call, program);
    MLRUN_EW_CODES(MLRUN_EW_CASE)
#undef MLRUN_EW_CASE
    case Ew::kDropout:
    case Ew::kNormal:
    case Ew::kUniform:
      return;
  }
}

bool is_aligned_tensor(const Tensor& x) { return is_aligned(input(x)); }

}  // namespace

EwProgram::Operand EwProgram::operand(const Shape& shape, const Tensor& tensor) {
  Operand x;
  x.data = Numbers(tensor);
  x.spread = spread_of(shape, {tensor.shape, tensor.dtype});
  const int64_t elements = std::max<int64_t>(tensor.elements(), 1);
  if (x.spread == Spread::kRow) x.divider = Divider(elements);
  if (x.spread == Spread::kColumn) x.divider = Divider(shape.elements() / elements);
  x.whole = elements % kGroup == 0 && is_aligned_tensor(tensor);
  return x;
}

EwProgram::EwProgram(const ElementwiseOp& op, const Shape& shape, std::span<const Tensor> in,
                     std::span<const Tensor> out, Stacked<const float> varied)
    : elements_(shape.elements()),
      inputs_(static_cast<int>(in.size())),
      length_(static_cast<int>(op.code().size())),
      outputs_(static_cast<int>(out.size())),
      varied_(varied) {
  if (op.code().size() > kMaxLength || out.size() > kMaxLength) {
    throw Error("an elementwise program is too long for a GPU");
  }
  for (size_t i = 0; i < in.size(); ++i) in_[i] = operand(shape, in[i]);
  for (size_t o = 0; o < out.size(); ++o) {
    out_[o] = Numbers(out[o]);
    output_register_[o] = op.outputs()[o];
  }
  std::copy(op.code().begin(), op.code().end(), code_);
  aligned_ = all_aligned(in, out);
  packed_ = all_packed();
}

bool EwProgram::all_packed() const {
  bool packed = aligned_ && elements_ % kWide == 0 && out_[0].is_half();
  for (int i = 0; i < inputs_; ++i) {
    packed = packed && in_[i].spread == Spread::kSame && in_[i].data.dtype() == out_[0].dtype();
  }
  return packed;
}

bool EwProgram::all_aligned(std::span<const Tensor> in, std::span<const Tensor> out) const {
  bool aligned = std::all_of(out.begin(), out.end(), is_aligned_tensor);
  for (size_t i = 0; i < in.size(); ++i) {
    aligned = aligned && (in_[i].spread != Spread::kSame || is_aligned_tensor(in[i]));
  }
  return aligned;
}

void run_elementwise_cuda(const graph::KernelCall& call, const ElementwiseOp& op,
                          const Shape& shape, std::span<const Tensor> in,
                          std::span<const Tensor> out) {
  const EwProgram program(op, shape, in, out, varied(call));
  if (program.is_single()) return run_single(call, program);
  for_each_element(call, program.groups(),
                   [=] MLRUN_KERNEL(int64_t k, int64_t group) { program.run(k, group); });
}

void elementwise_cuda(const graph::KernelCall& call) {
  run_elementwise_cuda(call, static_cast<const ElementwiseOp&>(call.op), call.out[0].shape, call.in,
                       call.out);
}

}  // namespace mlrun::ops
