#include "ops/functions.h"

#include "ops/attention/rotary.h"
#include "ops/loss/softmax.h"
#include "ops/normalize/normalize.h"
#include "ops/product/batch_matmul.h"
#include "ops/product/matmul.h"
#include "ops/shape/concat.h"
#include "ops/shape/embedding.h"
#include "ops/shape/one_hot.h"
#include "ops/shape/permute.h"
#include "ops/shape/reduce.h"
#include "ops/shape/shaping.h"

namespace mlrun::ops {

ValueId unary(Graph& g, Ew code, ValueId a, float c) {
  return g.apply(std::make_shared<ElementwiseOp>(
                     1, std::vector<EwInstruction>{{code, 1, 0, 0, c, 0}}, std::vector<uint8_t>{1}),
                 {a});
}

ValueId binary(Graph& g, Ew code, ValueId a, ValueId b, float c) {
  return g.apply(std::make_shared<ElementwiseOp>(
                     2, std::vector<EwInstruction>{{code, 2, 0, 1, c, 0}}, std::vector<uint8_t>{2}),
                 {a, b});
}

namespace {

ValueId randomised(Graph& g, Ew code, ValueId a, ValueId random, float c, uint32_t salt) {
  const std::vector<EwInstruction> program = {{code, 2, 0, 1, c, salt}};
  return g.apply(std::make_shared<ElementwiseOp>(2, program, std::vector<uint8_t>{2}), {a, random});
}

}  // namespace

ValueId dropout(Graph& g, ValueId a, ValueId random, float rate, uint32_t salt) {
  return randomised(g, Ew::kDropout, a, random, rate, salt);
}

ValueId add_normal(Graph& g, ValueId a, ValueId random, float scale, uint32_t salt) {
  return randomised(g, Ew::kNormal, a, random, scale, salt);
}

ValueId add_uniform(Graph& g, ValueId a, ValueId random, float scale, uint32_t salt) {
  return randomised(g, Ew::kUniform, a, random, scale, salt);
}

ValueId one_hot(Graph& g, ValueId labels, int64_t classes) {
  return g.apply(std::make_shared<OneHotOp>(classes), {labels});
}

ValueId matmul(Graph& g, ValueId a, ValueId b, bool transpose_a, bool transpose_b) {
  return g.apply(std::make_shared<MatMulOp>(transpose_a, transpose_b), {a, b});
}

ValueId reduce_to(Graph& g, ValueId a, const Shape& shape, bool mean) {
  if (g.shape(a) == shape && !mean) return a;
  return g.apply(std::make_shared<ReduceOp>(shape, mean), {a});
}

ValueId squared_norms(Graph& g, ValueId a) {
  std::vector<int64_t> dims(g.shape(a).dims().begin(), g.shape(a).dims().end());
  dims.back() = 1;
  return reduce_to(g, unary(g, Ew::kSquare, a), Shape(dims));
}

ValueId reshape(Graph& g, ValueId a, const Shape& shape) {
  if (g.shape(a) == shape) return a;
  return g.apply(std::make_shared<ReshapeOp>(shape), {a});
}

ValueId concat(Graph& g, const std::vector<ValueId>& parts, int axis) {
  return g.apply(std::make_shared<ConcatOp>(axis), parts);
}

ValueId slice(Graph& g, ValueId a, int axis, int64_t begin, int64_t end) {
  return g.apply(std::make_shared<SliceOp>(axis, begin, end), {a});
}

ValueId fill_like(Graph& g, ValueId like, float value) {
  return g.apply(std::make_shared<FillOp>(value), {like});
}

ValueId fill(Graph& g, ValueId batch, const Shape& shape, float value) {
  return g.apply(std::make_shared<FillOp>(value, shape), {batch});
}

ValueId softmax(Graph& g, ValueId a) { return g.apply(std::make_shared<SoftmaxOp>(false), {a}); }

ValueId log_softmax(Graph& g, ValueId a) { return g.apply(std::make_shared<SoftmaxOp>(true), {a}); }

ValueId sparse_cross_entropy(Graph& g, ValueId logits, ValueId labels) {
  return g.apply(std::make_shared<SparseCrossEntropyOp>(), {logits, labels});
}

ValueId embedding(Graph& g, ValueId table, ValueId indices) {
  return g.apply(std::make_shared<EmbeddingOp>(), {table, indices});
}

BatchNormResult batch_norm(Graph& g, ValueId x, ValueId gamma, ValueId beta, float epsilon) {
  const std::vector<ValueId> out =
      g.apply_multi(std::make_shared<BatchNormOp>(epsilon), {x, gamma, beta});
  return {out[0], out[1], out[2]};
}

ValueId layer_norm(Graph& g, ValueId x, ValueId gamma, ValueId beta, float epsilon) {
  return g.apply_multi(std::make_shared<LayerNormOp>(epsilon), {x, gamma, beta})[0];
}

ValueId batch_matmul(Graph& g, ValueId a, ValueId b, bool transpose_a, bool transpose_b) {
  return g.apply(std::make_shared<BatchMatMulOp>(transpose_a, transpose_b), {a, b});
}

ValueId permute(Graph& g, ValueId a, const std::vector<int>& order) {
  return g.apply(std::make_shared<PermuteOp>(order), {a});
}

ValueId attention(Graph& g, std::vector<ValueId> tokens, const AttentionOptions& options,
                  ValueId mask, ValueId random) {
  if (options.masked) tokens.push_back(mask);
  if (options.dropout > 0) tokens.push_back(random);
  return g.apply_multi(std::make_shared<AttentionOp>(options), std::move(tokens))[0];
}

ValueId rotary(Graph& g, ValueId a, int64_t heads, int64_t head_dim, float base) {
  const int64_t positions = g.shape(a).rank() == 3 ? g.shape(a)[1] : 0;
  const Shape shape{positions, head_dim};
  check_table(shape);
  const ValueId table = constant(g, shape, rotary_table(positions, head_dim, base));
  return g.apply(std::make_shared<RotaryOp>(RotaryOptions{heads, head_dim, false}), {a, table});
}

ValueId constant(Graph& g, const Shape& shape, std::vector<float> values) {
  return g.apply(std::make_shared<ConstantOp>(shape, std::move(values)), {});
}

void update_moving_average(Graph& g, ValueId moving, ValueId batch, float momentum) {
  g.apply_multi(std::make_shared<MovingAverageOp>(momentum), {moving, batch});
}

graph::AutodiffOps autodiff_ops() {
  return {[](Graph& g, ValueId a, ValueId b) { return add(g, a, b); },
          [](Graph& g, ValueId like) { return fill_like(g, like, 1.0f); }};
}

}  // namespace mlrun::ops
