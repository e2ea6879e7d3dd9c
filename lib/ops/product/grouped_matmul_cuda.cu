#include "ops/kernel/divider.h"
#include "ops/kernel/launch.h"
#include "ops/product/grouped_matmul.h"

namespace mlrun::ops {
namespace {

// A launch takes the matrices of so many groups: they are arguments of a kernel.
constexpr int64_t kGroupsAtOnce = 32;

// Tensors of groups [begin, begin + count).
template <class T>
struct OfGroups {
  Stacked<T> tensor[kGroupsAtOnce];
  int64_t begin;
  int64_t count;

  OfGroups(std::span<const Tensor> all, int64_t first)
      : begin(first),
        count(std::min<int64_t>(kGroupsAtOnce, static_cast<int64_t>(all.size()) - first)) {
    for (int64_t i = 0; i < count; ++i) {
      tensor[i] = stacked<T>(all[static_cast<size_t>(first + i)]);
    }
  }

  MLRUN_KERNEL T* of(int64_t k, int64_t group) const { return tensor[group - begin](k); }
  MLRUN_KERNEL bool has(int64_t group) const { return group >= begin && group < begin + count; }
};

// Which rows belong to which group, known to the device alone.
struct Groups {
  Stacked<const int32_t> first;
  int64_t count;

  Groups(const Tensor& first_rows, int64_t groups)
      : first(stacked<const int32_t>(first_rows)), count(groups) {}

  // The last group that begins at the row or before: the one that is not empty.
  MLRUN_KERNEL int64_t of(int64_t k, int64_t row) const {
    int64_t low = 0;
    int64_t high = count;
    while (high - low > 1) {
      const int64_t middle = (low + high) / 2;
      (first(k)[middle] <= row ? low : high) = middle;
    }
    return low;
  }
};

// The tensors of a call by name; `inner` is C, `outer` is K.
struct GroupOperands {
  Groups groups;
  std::span<const Tensor> kernels;
  int64_t inner;
  int64_t outer;

  GroupOperands(const graph::KernelCall& call, int64_t count)
      : groups(call.in[1], count),
        kernels(call.in.subspan(2, static_cast<size_t>(count))),
        inner(kernels[0].shape[0]),
        outer(kernels[0].shape[1]) {}
};

void multiply_rows(const graph::KernelCall& call, const GroupOperands& o, int64_t first_group) {
  const OfGroups<const float> kernels(o.kernels, first_group);
  const Divider outer(o.outer);
  const auto x = input(call.in[0]);
  const auto y = output(call.out[0]);
  for_each_element(call, call.out[0].elements(),
                   [=, groups = o.groups, inner = o.inner] MLRUN_KERNEL(int64_t k, int64_t i) {
                     const int64_t row = outer.quotient(i);
                     const int64_t j = i - row * outer.divisor();
                     const int64_t group = groups.of(k, row);
                     if (!kernels.has(group)) return;
                     const float* of_x = x(k) + row * inner;
                     const float* kernel = kernels.of(k, group) + j;
                     float sum = 0;
                     for (int64_t c = 0; c < inner; ++c) {
                       sum += of_x[c] * kernel[c * outer.divisor()];
                     }
                     y(k)[i] = sum;
                   });
}

void add_bias(const graph::KernelCall& call, const GroupOperands& o, std::span<const Tensor> all,
              int64_t first_group) {
  const OfGroups<const float> biases(all, first_group);
  const Divider outer(o.outer);
  const auto y = output(call.out[0]);
  for_each_element(call, call.out[0].elements(),
                   [=, groups = o.groups] MLRUN_KERNEL(int64_t k, int64_t i) {
                     const int64_t row = outer.quotient(i);
                     const int64_t group = groups.of(k, row);
                     if (!biases.has(group)) return;
                     y(k)[i] += biases.of(k, group)[i - row * outer.divisor()];
                   });
}

void row_gradient(const graph::KernelCall& call, const GroupOperands& o, int64_t first_group) {
  const OfGroups<const float> kernels(o.kernels, first_group);
  const Divider inner(o.inner);
  const auto dy = input(call.in.back());
  const auto dx = output(call.out[0]);
  for_each_element(call, call.out[0].elements(),
                   [=, groups = o.groups, outer = o.outer] MLRUN_KERNEL(int64_t k, int64_t i) {
                     const int64_t row = inner.quotient(i);
                     const int64_t group = groups.of(k, row);
                     if (!kernels.has(group)) return;
                     const int64_t c = i - row * inner.divisor();
                     const float* of_dy = dy(k) + row * outer;
                     const float* kernel = kernels.of(k, group) + c * outer;
                     float sum = 0;
                     for (int64_t j = 0; j < outer; ++j) sum += of_dy[j] * kernel[j];
                     dx(k)[i] = sum;
                   });
}

// Each element adds up the rows of its group in their order.
void kernel_gradient(const graph::KernelCall& call, const GroupOperands& o, int64_t first_group) {
  const auto count = static_cast<size_t>(o.groups.count);
  const OfGroups<float> dkernels(call.out.subspan(1, count), first_group);
  const Divider elements(o.inner * o.outer);
  const Divider outer(o.outer);
  const auto x = input(call.in[0]);
  const auto dy = input(call.in.back());
  for_each_element(call, dkernels.count * elements.divisor(),
                   [=, first = o.groups.first, inner = o.inner] MLRUN_KERNEL(int64_t k, int64_t i) {
                     const int64_t group = dkernels.begin + elements.quotient(i);
                     const int64_t at = elements.remainder(i);
                     const int64_t c = outer.quotient(at);
                     const int64_t j = at - c * outer.divisor();
                     float sum = 0;
                     for (int64_t row = first(k)[group]; row < first(k)[group + 1]; ++row) {
                       sum += x(k)[row * inner + c] * dy(k)[row * outer.divisor() + j];
                     }
                     dkernels.of(k, group)[at] = sum;
                   });
}

void bias_gradient(const graph::KernelCall& call, const GroupOperands& o, int64_t first_group) {
  const auto count = static_cast<size_t>(o.groups.count);
  const OfGroups<float> dbiases(call.out.subspan(1 + count, count), first_group);
  const Divider outer(o.outer);
  const auto dy = input(call.in.back());
  for_each_element(call, dbiases.count * o.outer,
                   [=, first = o.groups.first] MLRUN_KERNEL(int64_t k, int64_t i) {
                     const int64_t group = dbiases.begin + outer.quotient(i);
                     const int64_t j = outer.remainder(i);
                     float sum = 0;
                     for (int64_t row = first(k)[group]; row < first(k)[group + 1]; ++row) {
                       sum += dy(k)[row * outer.divisor() + j];
                     }
                     dbiases.of(k, group)[j] = sum;
                   });
}

}  // namespace

void grouped_matmul_cuda(const graph::KernelCall& call) {
  const auto& op = static_cast<const GroupedMatMulOp&>(call.op);
  const GroupOperands o(call, op.groups());
  const auto groups = static_cast<size_t>(op.groups());
  for (int64_t first = 0; first < op.groups(); first += kGroupsAtOnce) {
    multiply_rows(call, o, first);
    if (op.bias()) add_bias(call, o, call.in.subspan(2 + groups, groups), first);
  }
}

void grouped_matmul_grad_cuda(const graph::KernelCall& call) {
  const auto& op = static_cast<const GroupedMatMulGradOp&>(call.op);
  const GroupOperands o(call, op.groups());
  for (int64_t first = 0; first < op.groups(); first += kGroupsAtOnce) {
    row_gradient(call, o, first);
    kernel_gradient(call, o, first);
    if (op.bias()) bias_gradient(call, o, first);
  }
}

}  // namespace mlrun::ops
