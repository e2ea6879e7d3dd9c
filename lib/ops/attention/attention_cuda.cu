#include <cmath>

#include "ops/attention/attention.h"
#include "ops/attention/attention_blocks.h"
#include "ops/kernel/device_dropout.h"
#include "ops/kernel/device_workspace.h"
#include "ops/kernel/divider.h"
#include "ops/kernel/launch.h"
#include "ops/product/cuda_product.h"

namespace mlrun::ops {
namespace {

// The tokens of all samples, with the heads' parts side by side in a row.
struct HeadTokens {
  Stacked<float> data;
  int64_t length = 0;
  int64_t stride = 0;  ///< from row to row
  int64_t width = 0;   ///< of a head's part
};

// Matrices (rows, columns) one behind the other, one for each head of each sample.
struct Matrices {
  Stacked<float> data;
  int64_t rows = 0;
  int64_t columns = 0;
  bool transpose = false;

  Matrices transposed() const { return {data, rows, columns, !transpose}; }
};

// c = a b for `count` matrices.
void multiply_all(const graph::KernelCall& call, int64_t count, const Matrices& a,
                  const Matrices& b, const Matrices& c) {
  Product p;
  p.shape.transpose_a = a.transpose;
  p.shape.transpose_b = b.transpose;
  p.shape.m = c.rows, p.shape.n = c.columns, p.shape.k = a.transpose ? a.rows : a.columns;
  p.shape.lda = a.columns, p.shape.ldb = b.columns, p.shape.ldc = c.columns;
  p.a = {a.data.data, a.data.stride};
  p.b = {b.data.data, b.data.stride};
  p.c = c.data;
  p.count = count;
  p.step_a = a.rows * a.columns, p.step_b = b.rows * b.columns, p.step_c = c.rows * c.columns;
  multiply(call, p);
}

// The operands of one call, and what of them the workspace holds.
class AttentionOperands {
 public:
  AttentionOperands(const graph::KernelCall& call, const AttentionOptions& options,
                    bool is_gradient)
      : o(options),
        samples(call.in[0].shape[0]),
        queries(call.in[0].shape[1]),
        keys(call.in[o.cross ? 1 : 0].shape[1]),
        places(head_matrices(o, is_gradient, samples, queries, keys)),
        workspace_(workspace_values<float>(call, places.floats)) {
    size_t next = o.cross ? 2 : 1;
    if (o.masked) mask = input(call.in[next++]);
    if (o.dropout > 0) dropout = {o.dropout, varied(call), o.salt, call.in[next]};
  }

  // Of the tensors of tokens, or of their gradients.
  HeadTokens query(const Tensor* tensors) const { return tokens(tensors[0], 0, o.key_dim); }
  HeadTokens key(const Tensor* tensors) const {
    return tokens(tensors[o.cross ? 1 : 0], o.cross ? 0 : o.heads * o.key_dim, o.key_dim);
  }
  HeadTokens value(const Tensor* tensors) const {
    return tokens(tensors[o.cross ? 1 : 0], (o.cross ? 1 : 2) * o.heads * o.key_dim, o.value_dim);
  }
  HeadTokens result(const Tensor& y) const { return tokens(y, 0, o.value_dim); }

  Matrices matrices(HeadMatrix which, int64_t rows, int64_t columns) const {
    return {behind(workspace_, places[which]), rows, columns};
  }
  Matrices scores(HeadMatrix which) const { return matrices(which, queries, keys); }
  Matrices probabilities(const Tensor& p, int64_t sample) const {
    return {behind(output(p), sample * o.heads * queries * keys), queries, keys};
  }

  AttentionOptions o;
  int64_t samples;
  int64_t queries;
  int64_t keys;
  HeadMatrices places;
  Stacked<const float> mask;  ///< if there is one
  DeviceDropout dropout;

 private:
  static HeadTokens tokens(const Tensor& t, int64_t column, int64_t width) {
    return {behind(output(t), column), t.shape[1], t.shape[2], width};
  }

  Stacked<float> workspace_;
};

// Copies between tokens and matrices of heads, some of them in one launch.
class HeadCopies {
 public:
  HeadCopies(const AttentionOperands& x, int64_t first_sample, int64_t samples)
      : heads_(x.o.heads), first_sample_(first_sample), samples_(samples) {}

  // Returns the matrices.
  Matrices add(const AttentionOperands& x, HeadMatrix which, const HeadTokens& tokens) {
    const Matrices matrices = x.matrices(which, tokens.length, tokens.width);
    parts_[count_++] = {tokens,
                        matrices.data,
                        Divider(tokens.length),
                        Divider(tokens.width),
                        Divider(heads_ * tokens.width),
                        elements_};
    elements_ += samples_ * tokens.length * heads_ * tokens.width;
    return matrices;
  }

  void split(const graph::KernelCall& call) const {
    for_each_element(call, elements_, [x = *this] MLRUN_KERNEL(int64_t k, int64_t i) {
      const Place at = x.place(k, i);
      *at.in_matrix = *at.in_tokens;
    });
  }
  void join(const graph::KernelCall& call) const {
    for_each_element(call, elements_, [x = *this] MLRUN_KERNEL(int64_t k, int64_t i) {
      const Place at = x.place(k, i);
      *at.in_tokens = *at.in_matrix;
    });
  }

 private:
  struct Place {
    float* in_tokens;
    float* in_matrix;
  };

  struct Part {
    HeadTokens tokens;
    Stacked<float> matrices;
    Divider length, width, row;
    int64_t begin = 0;  ///< number of its first element in the launch
  };

  // Elements are counted as they lie in the tokens.
  MLRUN_KERNEL Place place(int64_t k, int64_t i) const {
    int which = 0;
    while (which + 1 < count_ && i >= parts_[which + 1].begin) ++which;
    const Part& part = parts_[which];
    const int64_t element = i - part.begin;
    const int64_t row = part.row.quotient(element);
    const int64_t in_row = element - row * part.row.divisor();
    const int64_t head = part.width.quotient(in_row);
    const int64_t column = in_row - head * part.width.divisor();
    const int64_t sample = part.length.quotient(row);
    const int64_t token = row - sample * part.length.divisor();
    const int64_t matrix = sample * heads_ + head;
    return {part.tokens.data(k) +
                (first_sample_ * part.length.divisor() + row) * part.tokens.stride + in_row,
            part.matrices(k) + (matrix * part.length.divisor() + token) * part.width.divisor() +
                column};
  }

  int64_t heads_;
  int64_t first_sample_;
  int64_t samples_;
  int64_t elements_ = 0;
  int count_ = 0;
  Part parts_[4];
};

// work(first sample, samples) for all, as many at once as the workspace holds.
template <class Work>
void for_each_part(const AttentionOperands& x, Work work) {
  for (int64_t first = 0; first < x.samples; first += x.places.samples) {
    work(first, std::min(x.places.samples, x.samples - first));
  }
}

// Which row of the probabilities a row of a part is: a query of a head of a sample.
struct RowPlace {
  int64_t sample = 0;
  int64_t seen = 0;   ///< keys
  int64_t first = 0;  ///< its first element among all probabilities
};

struct RowPlaces {
  Divider queries, rows;  ///< of a head, and of a sample
  int64_t keys, first_row;
  bool causal;

  RowPlaces(const AttentionOperands& x, int64_t first_sample)
      : queries(x.queries),
        rows(x.o.heads * x.queries),
        keys(x.keys),
        first_row(first_sample * x.o.heads * x.queries),
        causal(x.o.causal) {}

  MLRUN_KERNEL RowPlace of(int64_t row) const {
    const int64_t query = queries.remainder(row);
    RowPlace place;
    place.sample = rows.quotient(first_row + row);
    place.seen = causal && query + 1 < keys ? query + 1 : keys;
    place.first = (first_row + row) * keys;
    return place;
  }
};

MLRUN_KERNEL bool is_seen(const float* mask, int64_t s) { return !mask || mask[s] != 0; }

struct Most {
  float value;
  bool is_nan;  ///< nothing is seen but NaN
};

MLRUN_KERNEL Most most_of(const float* x, int64_t seen, const float* mask, const Lanes& lanes) {
  float most = -INFINITY;
  int nans = 0;
  for (int64_t s = lanes.lane(); s < seen; s += lanes.size()) {
    if (!is_seen(mask, s)) continue;
    most = fmaxf(most, x[s]);
    if (x[s] != x[s]) ++nans;
  }
  most = lanes.max(most);
  return {most, lanes.sum(nans) > 0 && most == -INFINITY};
}

// x <- softmax(factor x) over what is seen, 0 elsewhere. A lane writes only what it reads itself.
MLRUN_KERNEL void softmax_row(float* x, int64_t keys, int64_t seen, float factor, const float* mask,
                              const Lanes& lanes) {
  const Most most = most_of(x, seen, mask, lanes);
  const bool none = most.value == -INFINITY;
  float sum = 0;
  for (int64_t s = lanes.lane(); s < keys; s += lanes.size()) {
    const bool is_zero = none || s >= seen || !is_seen(mask, s);
    x[s] = is_zero ? 0.0f : expf(x[s] * factor - most.value * factor);
    sum += x[s];
  }
  sum = lanes.sum(sum);
  for (int64_t s = lanes.lane(); s < seen; s += lanes.size()) {
    if (none) {
      x[s] = most.is_nan ? NAN : 0.0f;
    } else {
      x[s] *= 1.0f / sum;
    }
  }
}

// What all parts of the computation read, as matrices of heads.
struct QueryKeyValue {
  Matrices q, k, v;

  QueryKeyValue(HeadCopies& copies, const AttentionOperands& x, const Tensor* in)
      : q(copies.add(x, HeadMatrix::kQuery, x.query(in))),
        k(copies.add(x, HeadMatrix::kKey, x.key(in))),
        v(copies.add(x, HeadMatrix::kValue, x.value(in))) {}
};

float factor_of(const AttentionOperands& x) {
  return 1.0f / std::sqrt(static_cast<float>(x.o.key_dim));
}

// p <- softmax(factor p), and what dropout leaves of it.
void softmax_part(const graph::KernelCall& call, const AttentionOperands& x, int64_t first_sample,
                  int64_t samples, const Matrices& p, const Matrices& dropped) {
  const float factor = factor_of(x);
  for_each_row(call, samples * x.o.heads * x.queries, x.keys,
               [=, places = RowPlaces(x, first_sample), keys = x.keys, mask = x.mask,
                dropout = x.dropout] MLRUN_KERNEL(int64_t k, int64_t row, const Lanes& lanes) {
                 const RowPlace place = places.of(row);
                 float* of_p = p.data(k) + row * keys;
                 const float* of_mask = mask.data ? mask(k) + place.sample * keys : nullptr;
                 softmax_row(of_p, keys, place.seen, factor, of_mask, lanes);
                 if (!dropout.any()) return;
                 float* to = dropped.data(k) + row * keys;
                 for (int64_t s = lanes.lane(); s < keys; s += lanes.size()) {
                   to[s] = dropout(k, place.first + s, of_p[s]);
                 }
               });
}

// dp <- factor p (dP - p . dP) with dP = dropout(dp), and what dropout leaves of p.
void softmax_grad_part(const graph::KernelCall& call, const AttentionOperands& x,
                       int64_t first_sample, int64_t samples, const Matrices& p, const Matrices& dp,
                       const Matrices& dropped) {
  const float factor = factor_of(x);
  for_each_row(call, samples * x.o.heads * x.queries, x.keys,
               [=, places = RowPlaces(x, first_sample), keys = x.keys,
                dropout = x.dropout] MLRUN_KERNEL(int64_t k, int64_t row, const Lanes& lanes) {
                 const RowPlace place = places.of(row);
                 const float* of_p = p.data(k) + row * keys;
                 float* of_dp = dp.data(k) + row * keys;
                 float* to = dropped.data(k) + row * keys;
                 float sum = 0;
                 for (int64_t s = lanes.lane(); s < keys; s += lanes.size()) {
                   of_dp[s] = s < place.seen ? dropout(k, place.first + s, of_dp[s]) : 0.0f;
                   sum += of_p[s] * of_dp[s];
                   if (dropout.any()) to[s] = dropout(k, place.first + s, of_p[s]);
                 }
                 sum = lanes.sum(sum);
                 for (int64_t s = lanes.lane(); s < keys; s += lanes.size()) {
                   of_dp[s] = factor * of_p[s] * (of_dp[s] - sum);
                 }
               });
}

}  // namespace

void attention_cuda(const graph::KernelCall& call) {
  const AttentionOperands x(call, static_cast<const AttentionOp&>(call.op).options(), false);
  const Tensor* in = call.in.data();
  for_each_part(x, [&](int64_t first, int64_t samples) {
    const int64_t count = samples * x.o.heads;
    HeadCopies operands(x, first, samples);
    const auto [q, k, v] = QueryKeyValue(operands, x, in);
    operands.split(call);
    const Matrices p =
        x.o.training ? x.probabilities(call.out[1], first) : x.scores(HeadMatrix::kScores);
    const Matrices weights = x.dropout.any() ? x.scores(HeadMatrix::kDropped) : p;
    multiply_all(call, count, q, k.transposed(), p);
    softmax_part(call, x, first, samples, p, weights);
    HeadCopies result(x, first, samples);
    const Matrices y = result.add(x, HeadMatrix::kResult, x.result(call.out[0]));
    multiply_all(call, count, weights, v, y);
    result.join(call);
  });
}

// With P = softmax(factor q k^T), Z = dropout(P), y = Z v:
//   dv = Z^T dy, dZ = dy v^T, dS = factor P (dP - P . dP), dq = dS k, dk = dS^T q.
void attention_grad_cuda(const graph::KernelCall& call) {
  const AttentionOperands x(call, static_cast<const AttentionGradOp&>(call.op).options(), true);
  const Tensor* in = call.in.data();
  const Tensor* out = call.out.data();
  for_each_part(x, [&](int64_t first, int64_t samples) {
    const int64_t count = samples * x.o.heads;
    HeadCopies operands(x, first, samples);
    const auto [q, k, v] = QueryKeyValue(operands, x, in);
    const Matrices dy = operands.add(x, HeadMatrix::kResult, x.result(call.in.back()));
    operands.split(call);
    const Matrices p = x.probabilities(call.in[call.in.size() - 2], first);
    const Matrices dp = x.scores(HeadMatrix::kScores);
    const Matrices weights = x.dropout.any() ? x.scores(HeadMatrix::kDropped) : p;
    multiply_all(call, count, dy, v.transposed(), dp);
    softmax_grad_part(call, x, first, samples, p, dp, weights);
    HeadCopies grads(x, first, samples);
    const Matrices dq = grads.add(x, HeadMatrix::kQueryGrad, x.query(out));
    const Matrices dk = grads.add(x, HeadMatrix::kKeyGrad, x.key(out));
    const Matrices dv = grads.add(x, HeadMatrix::kValueGrad, x.value(out));
    multiply_all(call, count, weights.transposed(), dy, dv);
    multiply_all(call, count, dp, k, dq);
    multiply_all(call, count, dp.transposed(), q, dk);
    grads.join(call);
  });
}

}  // namespace mlrun::ops
