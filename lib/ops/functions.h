// How a graph is written: one function per operation.
//
// Differentiable unless said otherwise. Shapes as in tensor/shape.h; all functions throw
// graph::ShapeError when shapes do not fit.
#pragma once

#include "graph/graph.h"
#include "ops/attention/attention.h"
#include "ops/elementwise/elementwise.h"

namespace mlrun::ops {

using graph::Graph;
using graph::ValueId;

ValueId unary(Graph& g, Ew code, ValueId a, float c = 0);
ValueId binary(Graph& g, Ew code, ValueId a, ValueId b, float c = 0);

inline ValueId add(Graph& g, ValueId a, ValueId b) { return binary(g, Ew::kAdd, a, b); }
inline ValueId sub(Graph& g, ValueId a, ValueId b) { return binary(g, Ew::kSub, a, b); }
inline ValueId mul(Graph& g, ValueId a, ValueId b) { return binary(g, Ew::kMul, a, b); }
inline ValueId div(Graph& g, ValueId a, ValueId b) { return binary(g, Ew::kDiv, a, b); }
inline ValueId scale(Graph& g, ValueId a, float c) { return unary(g, Ew::kScale, a, c); }
inline ValueId offset(Graph& g, ValueId a, float c) { return unary(g, Ew::kOffset, a, c); }

/// a with a fraction `rate` of its elements set to 0 and the rest scaled by 1 / (1 - rate).
/// `random` is the random state, uint32 (4): Philox key and step (see
/// ops/elementwise/elementwise_cpu.cpp). Dropouts of one graph differ in `salt`.
ValueId dropout(Graph& g, ValueId a, ValueId random, float rate, uint32_t salt);

/// a + scale * standard normal numbers, or + scale * numbers in [0, 1): `random` and `salt` as of
/// dropout(). The gradient goes to a.
ValueId add_normal(Graph& g, ValueId a, ValueId random, float scale, uint32_t salt);
ValueId add_uniform(Graph& g, ValueId a, ValueId random, float scale, uint32_t salt);

/// int32 labels (N) -> float (N, classes): 1 at the label, else 0; a label outside has no 1. Has
/// no gradient.
ValueId one_hot(Graph& g, ValueId labels, int64_t classes);

/// a (..., K) times b (K, M) -> (..., M). With transpose_b, b is (M, K). With transpose_a, both
/// operands are (..., K) and (..., M), leading dimensions are summed over: (K, M).
ValueId matmul(Graph& g, ValueId a, ValueId b, bool transpose_a = false, bool transpose_b = false);

/// Sums (or averages) down to `shape`: a suffix, a prefix followed by ones, or ().
ValueId reduce_to(Graph& g, ValueId a, const Shape& shape, bool mean = false);
inline ValueId sum(Graph& g, ValueId a) { return reduce_to(g, a, {}); }
inline ValueId mean(Graph& g, ValueId a) { return reduce_to(g, a, {}, true); }

/// Sum of the squares over the last axis: (..., C) -> (..., 1).
ValueId squared_norms(Graph& g, ValueId a);

/// b spread to the shape of `like`.
inline ValueId broadcast(Graph& g, ValueId like, ValueId b) {
  return binary(g, Ew::kBroadcast, like, b);
}

/// The same elements under another shape; kBatch may only stay in front.
ValueId reshape(Graph& g, ValueId a, const Shape& shape);

/// Joined along an axis other than the batch; all other dimensions are equal.
ValueId concat(Graph& g, const std::vector<ValueId>& parts, int axis);

/// The part [begin, end) of an axis other than the batch.
ValueId slice(Graph& g, ValueId a, int axis, int64_t begin, int64_t end);

/// A constant of the type of `like`.
ValueId fill_like(Graph& g, ValueId like, float value);

/// A constant of `shape`, with the batch of `batch`.
ValueId fill(Graph& g, ValueId batch, const Shape& shape, float value);

/// Over the last axis.
ValueId softmax(Graph& g, ValueId a);
ValueId log_softmax(Graph& g, ValueId a);

/// -log softmax(logits)[label]: logits (N, ..., C), labels int32 (N, ...) -> (N, ...). The gradient
/// goes to the logits.
ValueId sparse_cross_entropy(Graph& g, ValueId logits, ValueId labels);

/// One row of the float table (V, D) per index: float-coded or int32 indices (N, ...) ->
/// (N, ..., D). The gradient goes to the table.
ValueId embedding(Graph& g, ValueId table, ValueId indices);

struct BatchNormResult {
  ValueId y;         ///< the shape of x
  ValueId mean;      ///< (C), of the batch
  ValueId variance;  ///< (C), of the batch, biased
};

/// Over all axes but the last: x (..., C), gamma (C), beta (C).
/// Ioffe, Szegedy 2015. The gradient flows through mean and variance.
BatchNormResult batch_norm(Graph& g, ValueId x, ValueId gamma, ValueId beta, float epsilon);

/// Over the last axis: x (..., C), gamma (C), beta (C). Ba, Kiros, Hinton 2016.
ValueId layer_norm(Graph& g, ValueId x, ValueId gamma, ValueId beta, float epsilon);

/// a (N, A, B) times b (N, B, C) -> (N, A, C), sample by sample; an operand is stored the other way
/// round where its flag says so.
ValueId batch_matmul(Graph& g, ValueId a, ValueId b, bool transpose_a = false,
                     bool transpose_b = false);

/// The axes behind the batch in another order: axis i of the result is axis order[i] of a.
/// (N, T, H, D) with {2, 1, 3} -> (N, H, T, D).
ValueId permute(Graph& g, ValueId a, const std::vector<int>& order);

/// Attention as ops/attention/attention.h has it, of {qkv} or {q, kv}; mask and random are kNoValue
/// where the options do not ask for them.
ValueId attention(Graph& g, std::vector<ValueId> tokens, const AttentionOptions& options,
                  ValueId mask = graph::kNoValue, ValueId random = graph::kNoValue);

/// Rotary position embedding of the first `heads` heads of D elements in each row of (N, T, W), the
/// rest unchanged: elements i and i + D / 2 turn by t base^(-2 i / D). Su et al. 2021.
ValueId rotary(Graph& g, ValueId a, int64_t heads, int64_t head_dim, float base = 10000);

/// Numbers known now; `shape` without batch.
ValueId constant(Graph& g, const Shape& shape, std::vector<float> values);

/// moving <- moving * momentum + batch * (1 - momentum), a variable changed in place.
void update_moving_average(Graph& g, ValueId moving, ValueId batch, float momentum);

/// For graph::differentiate.
graph::AutodiffOps autodiff_ops();

}  // namespace mlrun::ops
