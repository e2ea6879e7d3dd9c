#include <algorithm>

#include "ops/elementwise_program.h"
#include "ops/launch.h"

namespace mlrun::ops {
namespace {

bool is_aligned_tensor(const Tensor& x) { return is_aligned(input(x)); }

}  // namespace

EwProgram::Operand EwProgram::operand(const Shape& shape, const Tensor& tensor) {
  Operand x;
  x.data = Numbers(tensor);
  x.spread = spread_of(shape, {tensor.shape, tensor.dtype});
  const int64_t elements = std::max<int64_t>(tensor.elements(), 1);
  if (x.spread == Spread::kRow) x.divider = Divider(elements);
  if (x.spread == Spread::kColumn) x.divider = Divider(shape.elements() / elements);
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
  for (int i = 0; i < length_; ++i) is_read_later_[i] = is_read_later(i);
  aligned_ = all_aligned(in, out);
}

bool EwProgram::is_read_later(int number) const {
  const uint8_t made = code_[number].out;
  for (int i = number + 2; i < length_; ++i) {
    if (code_[i].a == made || code_[i].b == made) return true;
  }
  const bool is_newest = number + 1 == length_;
  const auto end = output_register_ + outputs_;
  return !is_newest && std::find(output_register_, end, made) != end;
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
  for_each_element(call, program.groups(),
                   [=] MLRUN_KERNEL(int64_t k, int64_t group) { program.run(k, group); });
}

void elementwise_cuda(const graph::KernelCall& call) {
  run_elementwise_cuda(call, static_cast<const ElementwiseOp&>(call.op), call.out[0].shape, call.in,
                       call.out);
}

}  // namespace mlrun::ops
