#include "ops/cpu_kernels.h"

#include "device/cpu_context.h"
#include "ops/aggregate.h"
#include "ops/attention.h"
#include "ops/augment.h"
#include "ops/batch_matmul.h"
#include "ops/capsule.h"
#include "ops/concat.h"
#include "ops/convolution.h"
#include "ops/depthwise.h"
#include "ops/elementwise.h"
#include "ops/embedding.h"
#include "ops/epoch.h"
#include "ops/graph_attention.h"
#include "ops/grouped_matmul.h"
#include "ops/loss_scale.h"
#include "ops/matmul.h"
#include "ops/normalize.h"
#include "ops/nt_xent.h"
#include "ops/one_hot.h"
#include "ops/permute.h"
#include "ops/pooling.h"
#include "ops/position_matmul.h"
#include "ops/recurrent.h"
#include "ops/reduce.h"
#include "ops/resample.h"
#include "ops/rotary.h"
#include "ops/routing.h"
#include "ops/shaping.h"
#include "ops/softmax.h"
#include "ops/update.h"

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
