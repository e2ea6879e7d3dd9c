#include "ops/cpu_kernels.h"

#include "device/cpu_context.h"
#include "ops/attention/attention.h"
#include "ops/attention/rotary.h"
#include "ops/elementwise/elementwise.h"
#include "ops/epoch.h"
#include "ops/image/augment.h"
#include "ops/image/convolution.h"
#include "ops/image/depthwise.h"
#include "ops/image/pooling.h"
#include "ops/image/resample.h"
#include "ops/loss/nt_xent.h"
#include "ops/loss/softmax.h"
#include "ops/normalize/normalize.h"
#include "ops/product/batch_matmul.h"
#include "ops/product/capsule.h"
#include "ops/product/grouped_matmul.h"
#include "ops/product/matmul.h"
#include "ops/product/position_matmul.h"
#include "ops/recurrent/recurrent.h"
#include "ops/shape/concat.h"
#include "ops/shape/embedding.h"
#include "ops/shape/one_hot.h"
#include "ops/shape/permute.h"
#include "ops/shape/reduce.h"
#include "ops/shape/routing.h"
#include "ops/shape/shaping.h"
#include "ops/sparse/aggregate.h"
#include "ops/sparse/graph_attention.h"
#include "ops/update/loss_scale.h"
#include "ops/update/update.h"

namespace mlrun::ops {

const graph::KernelTable& cpu_kernels() {
  static constexpr graph::KernelTable::Row kRows[] = {
      {"Accumulate", accumulate_cpu},
      {"Aggregate", aggregate_cpu},
      {"Attention", attention_cpu},
      {"AttentionGrad", attention_grad_cpu},
      {"Augment", augment_cpu},
      {"AugmentGrad", augment_grad_cpu},
      {"BatchMatMul", batch_matmul_cpu},
      {"BatchNorm", batch_norm_cpu},
      {"BatchNormGrad", batch_norm_grad_cpu},
      {"BatchRows", batch_rows_cpu},
      {"Bilinear", bilinear_cpu},
      {"BilinearGrad", bilinear_grad_cpu},
      {"CapsuleProduct", capsule_product_cpu},
      {"Choose", choose_cpu},
      {"ChooseGrad", choose_grad_cpu},
      {"Combine", combine_cpu},
      {"Concat", concat_cpu},
      {"Constant", constant_cpu},
      {"Convolution", convolution_cpu},
      {"ConvolutionWeightGrad", convolution_weight_grad_cpu},
      {"Depthwise", depthwise_cpu},
      {"DepthwiseWeightGrad", depthwise_weight_grad_cpu},
      {"Dispatch", dispatch_cpu},
      {"Elementwise", elementwise_cpu},
      {"Embedding", embedding_cpu},
      {"EmbeddingGrad", embedding_grad_cpu},
      {"ExpertShare", expert_share_cpu},
      {"Fill", fill_cpu},
      {"GateGrad", gate_grad_cpu},
      {"Gather", gather_cpu},
      {"GraphAttention", graph_attention_cpu},
      {"GraphAttentionGrad", graph_attention_grad_cpu},
      {"GroupedMatMul", grouped_matmul_cpu},
      {"GroupedMatMulGrad", grouped_matmul_grad_cpu},
      {"LayerNorm", layer_norm_cpu},
      {"LayerNormGrad", layer_norm_grad_cpu},
      {"MatMul", matmul_cpu},
      {"MeanScale", mean_scale_cpu},
      {"MovingAverage", moving_average_cpu},
      {"NeighbourMax", neighbour_max_cpu},
      {"NeighbourMaxGrad", neighbour_max_grad_cpu},
      {"NextStep", next_step_cpu},
      {"NodeMask", node_mask_cpu},
      {"NtXent", nt_xent_cpu},
      {"NtXentGrad", nt_xent_grad_cpu},
      {"OneHot", one_hot_cpu},
      {"Pad", pad_cpu},
      {"Permute", permute_cpu},
      {"Pool", pool_cpu},
      {"PoolGrad", pool_grad_cpu},
      {"PositionMatMul", position_matmul_cpu},
      {"PositionMatMulWeightGrad", position_matmul_weight_grad_cpu},
      {"Recurrent", recurrent_cpu},
      {"RecurrentGrad", recurrent_grad_cpu},
      {"Reduce", reduce_cpu},
      {"Repeat", repeat_cpu},
      {"RepeatGrad", repeat_grad_cpu},
      {"Rotary", rotary_cpu},
      {"Route", route_cpu},
      {"Slice", slice_cpu},
      {"SliceGrad", slice_grad_cpu},
      {"Softmax", softmax_cpu},
      {"SoftmaxGrad", softmax_grad_cpu},
      {"SparseCrossEntropy", sparse_cross_entropy_cpu},
      {"SparseCrossEntropyGrad", sparse_cross_entropy_grad_cpu},
      {"StepOrder", step_order_cpu},
      {"StoreBatch", store_batch_cpu},
      {"Unscale", unscale_cpu},
      {"Update", update_cpu},
  };
  static const graph::KernelTable table(kRows);
  return table;
}

graph::Backend cpu_backend(int threads) {
  return {&cpu_kernels(), std::make_unique<device::CpuContext>(threads)};
}

}  // namespace mlrun::ops
