#include "ops/cuda_kernels.h"

#include "ops/attention/attention.h"
#include "ops/attention/rotary.h"
#include "ops/elementwise/elementwise.h"
#include "ops/elementwise/summed_gradient.h"
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

const graph::KernelTable& cuda_kernels() {
  static constexpr graph::KernelTable::Row kRows[] = {
      {"Accumulate", accumulate_cuda},
      {"Aggregate", aggregate_cuda},
      {"Attention", attention_cuda},
      {"AttentionGrad", attention_grad_cuda},
      {"Augment", augment_cuda},
      {"AugmentGrad", augment_grad_cuda},
      {"BatchMatMul", batch_matmul_cuda},
      {"BatchNorm", batch_norm_cuda},
      {"BatchNormGrad", batch_norm_grad_cuda},
      {"BatchRows", batch_rows_cuda},
      {"Bilinear", bilinear_cuda},
      {"BilinearGrad", bilinear_grad_cuda},
      {"CapsuleProduct", capsule_product_cuda},
      {"Choose", choose_cuda},
      {"ChooseGrad", choose_grad_cuda},
      {"Combine", combine_cuda},
      {"Concat", concat_cuda},
      {"Constant", constant_cuda},
      {"Convolution", convolution_cuda},
      {"ConvolutionWeightGrad", convolution_weight_grad_cuda},
      {"Depthwise", depthwise_cuda},
      {"DepthwiseWeightGrad", depthwise_weight_grad_cuda},
      {"Dispatch", dispatch_cuda},
      {"Elementwise", elementwise_cuda},
      {"Embedding", embedding_cuda},
      {"EmbeddingGrad", embedding_grad_cuda},
      {"ExpertShare", expert_share_cuda},
      {"Fill", fill_cuda},
      {"GateGrad", gate_grad_cuda},
      {"Gather", gather_cuda},
      {"GraphAttention", graph_attention_cuda},
      {"GraphAttentionGrad", graph_attention_grad_cuda},
      {"GroupedMatMul", grouped_matmul_cuda},
      {"GroupedMatMulGrad", grouped_matmul_grad_cuda},
      {"LayerNorm", layer_norm_cuda},
      {"LayerNormGrad", layer_norm_grad_cuda},
      {"MatMul", matmul_cuda},
      {"MeanScale", mean_scale_cuda},
      {"MovingAverage", moving_average_cuda},
      {"NeighbourMax", neighbour_max_cuda},
      {"NeighbourMaxGrad", neighbour_max_grad_cuda},
      {"NextStep", next_step_cuda},
      {"NodeMask", node_mask_cuda},
      {"NtXent", nt_xent_cuda},
      {"NtXentGrad", nt_xent_grad_cuda},
      {"OneHot", one_hot_cuda},
      {"Pad", pad_cuda},
      {"Permute", permute_cuda},
      {"Pool", pool_cuda},
      {"PoolGrad", pool_grad_cuda},
      {"PositionMatMul", position_matmul_cuda},
      {"PositionMatMulWeightGrad", position_matmul_weight_grad_cuda},
      {"Recurrent", recurrent_cuda},
      {"RecurrentGrad", recurrent_grad_cuda},
      {"Reduce", reduce_cuda},
      {"Repeat", repeat_cuda},
      {"RepeatGrad", repeat_grad_cuda},
      {"Rotary", rotary_cuda},
      {"Route", route_cuda},
      {"Slice", slice_cuda},
      {"SliceGrad", slice_grad_cuda},
      {"Softmax", softmax_cuda},
      {"SoftmaxGrad", softmax_grad_cuda},
      {"SparseCrossEntropy", sparse_cross_entropy_cuda},
      {"SparseCrossEntropyGrad", sparse_cross_entropy_grad_cuda},
      {"StepOrder", step_order_cuda},
      {"StoreBatch", store_batch_cuda},
      {"SummedGradient", summed_gradient_cuda},
      {"Unscale", unscale_cuda},
      {"Update", update_cuda},
  };
  static const graph::KernelTable table(kRows, graph::Target::kGpu);
  return table;
}

}  // namespace mlrun::ops
