// Class labels as vectors.
#pragma once

#include "graph/op.h"

namespace mlrun::ops {

/// int32 (N) -> float (N, classes): 1 at the label, else 0; a label outside has no 1.
class OneHotOp : public graph::Op {
 public:
  explicit OneHotOp(int64_t classes) : classes_(classes) {}

  std::string_view name() const override { return "OneHot"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;

 private:
  int64_t classes_;
};

void one_hot_cpu(const graph::KernelCall& call);
void one_hot_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
