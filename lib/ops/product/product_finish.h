// What of an epilogue a matrix product does itself.
#pragma once

#include "ops/elementwise/epilogue.h"
#include "ops/product/cuda_product.h"

namespace mlrun::ops {

/// A bias (n), with relu behind it or not, and nothing else.
inline Finish finish_of(const EpilogueRun& epilogue, const ElementwiseOp* program, int64_t n) {
  if (!program || program->code().size() != 1 || program->outputs().size() != 1 ||
      epilogue.operands().size() != 2) {
    return Finish::kNone;
  }
  const EwInstruction& one = program->code()[0];
  const Tensor& bias = epilogue.operands()[1];
  const bool is_bias = one.a != one.b && !bias.shape.has_batch() && bias.elements() == n &&
                       bias.shape.back() == n && epilogue.product().shape.back() == n;
  if (!is_bias) return Finish::kNone;
  if (one.code == Ew::kAddRelu) return Finish::kBiasRelu;
  return one.code == Ew::kAdd ? Finish::kBias : Finish::kNone;
}

}  // namespace mlrun::ops
