#include "ops/cpu_kernels.h"

#include "ops/concat.h"
#include "ops/elementwise.h"
#include "ops/embedding.h"
#include "ops/matmul.h"
#include "ops/normalize.h"
#include "ops/recurrent.h"
#include "ops/reduce.h"
#include "ops/shaping.h"
#include "ops/softmax.h"
#include "ops/update.h"

namespace mlrun::ops {

const graph::KernelTable& cpu_kernels() {
  static constexpr graph::KernelTable::Row kRows[] = {
      {"BatchNorm", batch_norm_cpu},
      {"BatchNormGrad", batch_norm_grad_cpu},
      {"Concat", concat_cpu},
      {"Elementwise", elementwise_cpu},
      {"Embedding", embedding_cpu},
      {"EmbeddingGrad", embedding_grad_cpu},
      {"Fill", fill_cpu},
      {"LayerNorm", layer_norm_cpu},
      {"LayerNormGrad", layer_norm_grad_cpu},
      {"MatMul", matmul_cpu},
      {"MeanScale", mean_scale_cpu},
      {"MovingAverage", moving_average_cpu},
      {"Recurrent", recurrent_cpu},
      {"RecurrentGrad", recurrent_grad_cpu},
      {"Reduce", reduce_cpu},
      {"Slice", slice_cpu},
      {"SliceGrad", slice_grad_cpu},
      {"Softmax", softmax_cpu},
      {"SoftmaxGrad", softmax_grad_cpu},
      {"SparseCrossEntropy", sparse_cross_entropy_cpu},
      {"SparseCrossEntropyGrad", sparse_cross_entropy_grad_cpu},
      {"StepOrder", step_order_cpu},
      {"Update", update_cpu},
  };
  static const graph::KernelTable table(kRows);
  return table;
}

}  // namespace mlrun::ops
