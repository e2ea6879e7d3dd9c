#include "base/divide.h"
#include "ops/attention/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/attention/attention_cpu.cpp"
// clang-format off
#include <hwy/foreach_target.h>
#include "ops/kernel/simd-inl.h"
// clang-format on

#include <algorithm>
#include <cmath>
#include <limits>

#include "device/cpu_context.h"
#include "ops/attention/attention_blocks.h"
#include "ops/elementwise/elementwise.h"
#include "ops/product/gemm.h"

HWY_BEFORE_NAMESPACE();
namespace mlrun::ops::HWY_NAMESPACE {

HWY_INLINE float max_in_row(const float* x, size_t n) {
  const Float d;
  const size_t lanes = hn::Lanes(d);
  Vec most = constant(-std::numeric_limits<float>::infinity());
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) most = hn::Max(most, hn::LoadU(d, x + i));
  float result = hn::GetLane(hn::MaxOfLanes(d, most));
  for (; i < n; ++i) result = x[i] > result ? x[i] : result;
  return result;
}

// x <- softmax(factor x) over its first `seen` elements where the mask (if any) is not 0; the
// other elements of the row become 0.
void attention_softmax_row(float* x, size_t n, size_t seen, float factor, const float* mask) {
  std::fill(x + seen, x + n, 0.0f);
  if (mask) {
    const Vec lowest = constant(-std::numeric_limits<float>::infinity());
    map2(x, mask, x, seen, [lowest](Vec v, Vec m) {
      return hn::IfThenElse(hn::Eq(m, hn::Zero(Float())), lowest, v);
    });
  }
  const float most = max_in_row(x, seen);
  if (most == -std::numeric_limits<float>::infinity()) {
    // Nothing is seen, or nothing but NaN, which has to be seen.
    const bool nan = std::any_of(x, x + seen, [](float v) { return std::isnan(v); });
    return std::fill(x, x + seen, nan ? std::numeric_limits<float>::quiet_NaN() : 0.0f);
  }
  const Vec f = constant(factor);
  const Vec shift = constant(most * factor);
  map1(x, x, seen, [f, shift](Vec v) { return exp(hn::MulSub(v, f, shift)); });
  const Vec inverse = constant(1.0f / sum1(x, seen, [](Vec v) { return v; }));
  map1(x, x, seen, [inverse](Vec v) { return hn::Mul(v, inverse); });
}

// dp <- factor p (dp - p . dp): the gradient of softmax(factor x) by x.
void attention_softmax_grad_row(const float* p, float* dp, size_t n, float factor) {
  const Vec shift = constant(dot(p, dp, n));
  const Vec f = constant(factor);
  map2(p, dp, dp, n,
       [f, shift](Vec vp, Vec d) { return hn::Mul(hn::Mul(vp, f), hn::Sub(d, shift)); });
}

}  // namespace mlrun::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mlrun::ops {
namespace {

HWY_EXPORT(attention_softmax_row);
HWY_EXPORT(attention_softmax_grad_row);

// Rows of one head in a tensor of tokens.
struct Rows {
  float* data = nullptr;
  int64_t stride = 0;  ///< from token to token
  int64_t width = 0;   ///< elements of this head
};

// The operands of one call, and where each head's part begins.
class Operands {
 public:
  Operands(const AttentionOptions& options, std::span<const Tensor> in)
      : o_(options),
        queries_(in[0].shape[1]),
        keys_(in[o_.cross ? 1 : 0].shape[1]),
        factor_(1.0f / std::sqrt(static_cast<float>(o_.key_dim))) {
    size_t next = o_.cross ? 2 : 1;
    if (o_.masked) mask_ = in[next++].f32();
    if (o_.dropout > 0) random_ = in[next].u32();
  }

  const AttentionOptions& options() const { return o_; }
  int64_t queries() const { return queries_; }
  int64_t keys() const { return keys_; }
  float factor() const { return factor_; }
  int64_t block_rows() const { return attention_rows(queries_, keys_); }

  /// Keys that may be seen by the queries before `query_end`.
  int64_t seen(int64_t query_end) const { return o_.causal ? std::min(query_end, keys_) : keys_; }
  const float* mask(int64_t sample) const { return mask_ ? mask_ + sample * keys_ : nullptr; }

  /// Of the tensors of tokens, or of their gradients.
  Rows query(const Tensor* tensors, int64_t sample, int64_t head) const {
    return rows(tensors[0], sample, head * o_.key_dim, o_.key_dim);
  }
  Rows key(const Tensor* tensors, int64_t sample, int64_t head) const {
    const int64_t first = o_.cross ? 0 : o_.heads * o_.key_dim;
    return rows(tensors[o_.cross ? 1 : 0], sample, first + head * o_.key_dim, o_.key_dim);
  }
  Rows value(const Tensor* tensors, int64_t sample, int64_t head) const {
    const int64_t first = (o_.cross ? 1 : 2) * o_.heads * o_.key_dim;
    return rows(tensors[o_.cross ? 1 : 0], sample, first + head * o_.value_dim, o_.value_dim);
  }
  Rows output(const Tensor& y, int64_t sample, int64_t head) const {
    return rows(y, sample, head * o_.value_dim, o_.value_dim);
  }

  /// y <- dropout of x, elements [first, first + count) of all probabilities.
  void drop(const float* x, float* y, int64_t count, int64_t first) const {
    dropout_cpu(x, y, count, {o_.dropout, random_, o_.salt, first});
  }

 private:
  static Rows rows(const Tensor& t, int64_t sample, int64_t column, int64_t width) {
    const int64_t stride = t.shape[2];
    return {t.f32() + sample * t.shape[1] * stride + column, stride, width};
  }

  AttentionOptions o_;
  int64_t queries_;
  int64_t keys_;
  float factor_;
  const float* mask_ = nullptr;
  const uint32_t* random_ = nullptr;
};

// c (m, n) = a b^T, both with rows of one head.
void times_transposed(const Rows& a, int64_t m, const Rows& b, int64_t n, float* c, int64_t ldc) {
  GemmArgs x;
  x.transpose_b = true;
  x.m = m, x.n = n, x.k = a.width;
  x.a = a.data, x.lda = a.stride;
  x.b = b.data, x.ldb = b.stride;
  x.c = c, x.ldc = ldc;
  gemm(x);
}

// c = p b, or p^T b, with p (rows, keys) probabilities or their gradients.
void weighted_rows(const float* p, int64_t rows, int64_t seen, int64_t keys, bool transpose,
                   const Rows& b, const Rows& c, bool accumulate) {
  GemmArgs x;
  x.transpose_a = transpose;
  x.m = transpose ? seen : rows;
  x.n = b.width;
  x.k = transpose ? rows : seen;
  x.a = p, x.lda = keys;
  x.b = b.data, x.ldb = b.stride;
  x.c = c.data, x.ldc = c.stride;
  x.accumulate = accumulate;
  gemm(x);
}

Rows from_row(const Rows& rows, int64_t row) {
  return {rows.data + row * rows.stride, rows.stride, rows.width};
}

// Calls work(sample, head, scratch) for all; heads of one sample follow each other.
template <class Work>
void for_each_head(const graph::KernelCall& call, const Operands& operands, Work work) {
  const int64_t heads = operands.options().heads;
  const int64_t tasks = call.in[0].shape[0] * heads;
  const int64_t parts = std::min(tasks, kAttentionParts);
  const int64_t floats = attention_scratch_floats(operands.queries(), operands.keys());
  device::parallel_for(device::cpu_team(call.context), parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      float* scratch = reinterpret_cast<float*>(call.workspace) + part * floats;
      for (int64_t i = tasks * part / parts; i < tasks * (part + 1) / parts; ++i) {
        work(i / heads, i % heads, scratch);
      }
    }
  });
}

void forward_head(const graph::KernelCall& call, const Operands& x, int64_t sample, int64_t head,
                  float* scratch) {
  const AttentionOptions& o = x.options();
  const Rows q = x.query(call.in.data(), sample, head);
  const Rows k = x.key(call.in.data(), sample, head);
  const Rows v = x.value(call.in.data(), sample, head);
  const Rows y = x.output(call.out[0], sample, head);
  const int64_t keys = x.keys();
  const int64_t first = (sample * o.heads + head) * x.queries() * keys;
  for (int64_t row = 0; row < x.queries(); row += x.block_rows()) {
    const int64_t rows = std::min(x.block_rows(), x.queries() - row);
    const int64_t seen = x.seen(row + rows);
    float* p = o.training ? call.out[1].f32() + first + row * keys : scratch;
    times_transposed(from_row(q, row), rows, k, seen, p, keys);
    for (int64_t i = 0; i < rows; ++i) {
      HWY_DYNAMIC_DISPATCH(attention_softmax_row)
      (p + i * keys, static_cast<size_t>(keys), static_cast<size_t>(x.seen(row + i + 1)),
       x.factor(), x.mask(sample));
    }
    const float* weights = p;
    if (o.dropout > 0) {
      x.drop(p, scratch, rows * keys, first + row * keys);
      weights = scratch;
    }
    weighted_rows(weights, rows, seen, keys, false, v, from_row(y, row), false);
  }
}

// With P = softmax(factor q k^T), Z = dropout(P), y = Z v:
//   dv = Z^T dy, dZ = dy v^T, dS = factor P (dP - P . dP), dq = dS k, dk = dS^T q.
void backward_head(const graph::KernelCall& call, const Operands& x, int64_t sample, int64_t head,
                   float* scratch) {
  const AttentionOptions& o = x.options();
  const Rows q = x.query(call.in.data(), sample, head);
  const Rows k = x.key(call.in.data(), sample, head);
  const Rows v = x.value(call.in.data(), sample, head);
  const Rows dq = x.query(call.out.data(), sample, head);
  const Rows dk = x.key(call.out.data(), sample, head);
  const Rows dv = x.value(call.out.data(), sample, head);
  const Rows dy = x.output(call.in.back(), sample, head);
  const float* probabilities = call.in[call.in.size() - 2].f32();
  const int64_t keys = x.keys();
  const int64_t first = (sample * o.heads + head) * x.queries() * keys;
  float* dp = scratch;
  float* dropped = scratch + attention_scratch_floats(x.queries(), keys) / 2;
  // From the last block to the first: with a causal mask, the last sees all keys.
  const int64_t blocks = divide_up(x.queries(), x.block_rows());
  for (int64_t block = blocks; block-- > 0;) {
    const int64_t row = block * x.block_rows();
    const int64_t rows = std::min(x.block_rows(), x.queries() - row);
    const int64_t seen = x.seen(row + rows);
    const bool accumulate = block + 1 < blocks;
    const float* p = probabilities + first + row * keys;
    const float* weights = p;
    if (o.dropout > 0) {
      x.drop(p, dropped, rows * keys, first + row * keys);
      weights = dropped;
    }
    weighted_rows(weights, rows, seen, keys, true, from_row(dy, row), dv, accumulate);
    times_transposed(from_row(dy, row), rows, v, seen, dp, keys);
    if (seen < keys) {
      for (int64_t i = 0; i < rows; ++i) std::fill(dp + i * keys + seen, dp + (i + 1) * keys, 0.0f);
    }
    if (o.dropout > 0) x.drop(dp, dp, rows * keys, first + row * keys);
    for (int64_t i = 0; i < rows; ++i) {
      HWY_DYNAMIC_DISPATCH(attention_softmax_grad_row)
      (p + i * keys, dp + i * keys, static_cast<size_t>(keys), x.factor());
    }
    weighted_rows(dp, rows, seen, keys, false, k, from_row(dq, row), false);
    weighted_rows(dp, rows, seen, keys, true, from_row(q, row), dk, accumulate);
  }
}

void fill_zero(const Rows& rows, int64_t from, int64_t to) {
  for (int64_t i = from; i < to; ++i) std::fill_n(rows.data + i * rows.stride, rows.width, 0.0f);
}

}  // namespace

void attention_cpu(const graph::KernelCall& call) {
  const Operands operands(static_cast<const AttentionOp&>(call.op).options(), call.in);
  for_each_head(call, operands, [&](int64_t sample, int64_t head, float* scratch) {
    forward_head(call, operands, sample, head, scratch);
  });
}

void attention_grad_cpu(const graph::KernelCall& call) {
  const Operands operands(static_cast<const AttentionGradOp&>(call.op).options(), call.in);
  // Keys behind the last query of a causal attention are never seen.
  const int64_t seen = operands.seen(operands.queries());
  for_each_head(call, operands, [&](int64_t sample, int64_t head, float* scratch) {
    backward_head(call, operands, sample, head, scratch);
    fill_zero(operands.key(call.out.data(), sample, head), seen, operands.keys());
    fill_zero(operands.value(call.out.data(), sample, head), seen, operands.keys());
  });
}

}  // namespace mlrun::ops
#endif
