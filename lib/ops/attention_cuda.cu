#include <cmath>

#include "ops/attention.h"
#include "ops/attention_blocks.h"
#include "ops/cuda_product.h"
#include "ops/device_dropout.h"
#include "ops/device_workspace.h"
#include "ops/divider.h"
#include "ops/launch.h"

namespace mlrun::ops {
namespace {

// A matrix of one head for every sample: rows of tokens, or probabilities.
struct Matrices {
  Stacked<float> data;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t stride = 0;  ///< from row to row
  int64_t step = 0;    ///< from sample to sample
  bool transpose = false;

  Matrices transposed() const {
    Matrices x = *this;
    x.transpose = !transpose;
    return x;
  }
  Matrices from(int64_t sample) const {
    Matrices x = *this;
    x.data = behind(data, sample * step);
    return x;
  }
};

// c = a b, sample by sample.
void multiply_all(const graph::KernelCall& call, int64_t samples, const Matrices& a,
                  const Matrices& b, const Matrices& c) {
  Product p;
  p.shape.transpose_a = a.transpose;
  p.shape.transpose_b = b.transpose;
  p.shape.m = c.rows, p.shape.n = c.columns, p.shape.k = a.transpose ? a.rows : a.columns;
  p.shape.lda = a.stride, p.shape.ldb = b.stride, p.shape.ldc = c.stride;
  p.a = {a.data.data, a.data.stride};
  p.b = {b.data.data, b.data.stride};
  p.c = c.data;
  p.count = samples;
  p.step_a = a.step, p.step_b = b.step, p.step_c = c.step;
  multiply(call, p);
}

// The operands of one call, and where each head's part begins.
class Operands {
 public:
  Operands(const graph::KernelCall& call, const AttentionOptions& options)
      : o(options),
        samples(call.in[0].shape[0]),
        queries(call.in[0].shape[1]),
        keys(call.in[o.cross ? 1 : 0].shape[1]) {
    size_t next = o.cross ? 2 : 1;
    if (o.masked) mask = input(call.in[next++]);
    if (o.dropout > 0) dropout = {o.dropout, varied(call), o.salt, call.in[next]};
  }

  // Of the tensors of tokens, or of their gradients.
  Matrices query(const Tensor* tensors, int64_t head) const {
    return tokens(tensors[0], head * o.key_dim, o.key_dim);
  }
  Matrices key(const Tensor* tensors, int64_t head) const {
    const int64_t first = o.cross ? 0 : o.heads * o.key_dim;
    return tokens(tensors[o.cross ? 1 : 0], first + head * o.key_dim, o.key_dim);
  }
  Matrices value(const Tensor* tensors, int64_t head) const {
    const int64_t first = (o.cross ? 1 : 2) * o.heads * o.key_dim;
    return tokens(tensors[o.cross ? 1 : 0], first + head * o.value_dim, o.value_dim);
  }
  Matrices output(const Tensor& y, int64_t head) const {
    return tokens(y, head * o.value_dim, o.value_dim);
  }
  Matrices probabilities(const Tensor& p, int64_t head) const {
    const int64_t one = queries * keys;
    return {behind(mlrun::ops::output(p), head * one), queries, keys, keys, o.heads * one};
  }

  // Number `which` of `count` parts of the workspace.
  Matrices scratch(const graph::KernelCall& call, int64_t which, int64_t count) const {
    const auto all = workspace_values<float>(call, attention_workspace_floats(queries, keys));
    const int64_t one = queries * keys;
    return {behind(all, which * samples_at_once(count) * one), queries, keys, keys, one};
  }
  int64_t samples_at_once(int64_t parts) const {
    if (parts == 0) return samples;
    return attention_workspace_floats(queries, keys) / (parts * queries * keys);
  }

  AttentionOptions o;
  int64_t samples;
  int64_t queries;
  int64_t keys;
  Stacked<const float> mask;  ///< if there is one
  DeviceDropout dropout;

 private:
  static Matrices tokens(const Tensor& t, int64_t column, int64_t width) {
    const int64_t stride = t.shape[2];
    return {behind(mlrun::ops::output(t), column), t.shape[1], width, stride, t.shape[1] * stride};
  }
};

// work(head, first sample, samples) for all, as many samples at once as `parts` matrices for each
// of them find room in the workspace.
template <class Work>
void for_each_part(const Operands& x, int64_t parts, Work work) {
  const int64_t at_once = x.samples_at_once(parts);
  for (int64_t head = 0; head < x.o.heads; ++head) {
    for (int64_t first = 0; first < x.samples; first += at_once) {
      work(head, first, std::min(at_once, x.samples - first));
    }
  }
}

// One row of the probabilities of a head: query t of a sample.
struct RowPlace {
  int64_t sample = 0;
  int64_t query = 0;
  int64_t seen = 0;   ///< keys
  int64_t first = 0;  ///< its first element among all probabilities
};

// Which row it is, of the samples of one part.
struct RowPlaces {
  Divider queries;
  int64_t keys, heads, head, first_sample;
  bool causal;

  RowPlaces(const Operands& x, int64_t the_head, int64_t the_first_sample)
      : queries(x.queries),
        keys(x.keys),
        heads(x.o.heads),
        head(the_head),
        first_sample(the_first_sample),
        causal(x.o.causal) {}

  MLRUN_KERNEL RowPlace of(int64_t row) const {
    RowPlace place;
    const int64_t sample = queries.quotient(row);
    place.query = row - sample * queries.divisor();
    place.sample = first_sample + sample;
    place.seen = causal && place.query + 1 < keys ? place.query + 1 : keys;
    place.first = ((place.sample * heads + head) * queries.divisor() + place.query) * keys;
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

float factor_of(const Operands& x) { return 1.0f / std::sqrt(static_cast<float>(x.o.key_dim)); }

// p <- softmax(factor p), and what dropout leaves of it.
void softmax_part(const graph::KernelCall& call, const Operands& x, const RowPlaces& places,
                  int64_t samples, const Matrices& p, const Matrices& dropped) {
  const float factor = factor_of(x);
  for_each_row(call, samples * x.queries, x.keys,
               [=, keys = x.keys, mask = x.mask, dropout = x.dropout] MLRUN_KERNEL(
                   int64_t k, int64_t row, const Lanes& lanes) {
                 const RowPlace place = places.of(row);
                 const int64_t sample = place.sample - places.first_sample;
                 float* of_p = p.data(k) + sample * p.step + place.query * keys;
                 const float* of_mask = mask.data ? mask(k) + place.sample * keys : nullptr;
                 softmax_row(of_p, keys, place.seen, factor, of_mask, lanes);
                 if (!dropout.any()) return;
                 float* to = dropped.data(k) + sample * dropped.step + place.query * keys;
                 for (int64_t s = lanes.lane(); s < keys; s += lanes.size()) {
                   to[s] = dropout(k, place.first + s, of_p[s]);
                 }
               });
}

// dp <- factor p (dP - p . dP) with dP = dropout(dp), and what dropout leaves of p.
void softmax_grad_part(const graph::KernelCall& call, const Operands& x, const RowPlaces& places,
                       int64_t samples, const Matrices& p, const Matrices& dp,
                       const Matrices& dropped) {
  const float factor = factor_of(x);
  for_each_row(call, samples * x.queries, x.keys,
               [=, keys = x.keys, dropout = x.dropout] MLRUN_KERNEL(int64_t k, int64_t row,
                                                                    const Lanes& lanes) {
                 const RowPlace place = places.of(row);
                 const int64_t sample = place.sample - places.first_sample;
                 const int64_t at = place.query * keys;
                 const float* of_p = p.data(k) + sample * p.step + at;
                 float* of_dp = dp.data(k) + sample * dp.step + at;
                 float* to = dropped.data(k) + sample * dropped.step + at;
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
  const Operands x(call, static_cast<const AttentionOp&>(call.op).options());
  const int64_t parts = (x.o.training ? 0 : 1) + (x.dropout.any() ? 1 : 0);
  const Tensor* in = call.in.data();
  for_each_part(x, parts, [&](int64_t head, int64_t first, int64_t samples) {
    const Matrices p =
        x.o.training ? x.probabilities(call.out[1], head).from(first) : x.scratch(call, 0, parts);
    const Matrices weights = x.dropout.any() ? x.scratch(call, parts - 1, parts) : p;
    multiply_all(call, samples, x.query(in, head).from(first),
                 x.key(in, head).from(first).transposed(), p);
    softmax_part(call, x, {x, head, first}, samples, p, weights);
    multiply_all(call, samples, weights, x.value(in, head).from(first),
                 x.output(call.out[0], head).from(first));
  });
}

// With P = softmax(factor q k^T), Z = dropout(P), y = Z v:
//   dv = Z^T dy, dZ = dy v^T, dS = factor P (dP - P . dP), dq = dS k, dk = dS^T q.
void attention_grad_cuda(const graph::KernelCall& call) {
  const Operands x(call, static_cast<const AttentionGradOp&>(call.op).options());
  const int64_t parts = x.dropout.any() ? 2 : 1;
  const Tensor* in = call.in.data();
  const Tensor* out = call.out.data();
  for_each_part(x, parts, [&](int64_t head, int64_t first, int64_t samples) {
    const Matrices p = x.probabilities(call.in[call.in.size() - 2], head).from(first);
    const Matrices dp = x.scratch(call, 0, parts);
    const Matrices weights = x.dropout.any() ? x.scratch(call, 1, parts) : p;
    const Matrices dy = x.output(call.in.back(), head).from(first);
    multiply_all(call, samples, dy, x.value(in, head).from(first).transposed(), dp);
    softmax_grad_part(call, x, {x, head, first}, samples, p, dp, weights);
    multiply_all(call, samples, weights.transposed(), dy, x.value(out, head).from(first));
    multiply_all(call, samples, dp, x.key(in, head).from(first), x.query(out, head).from(first));
    multiply_all(call, samples, dp.transposed(), x.query(in, head).from(first),
                 x.key(out, head).from(first));
  });
}

}  // namespace mlrun::ops
