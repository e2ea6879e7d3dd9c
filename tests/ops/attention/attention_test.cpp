#include "ops/attention/attention.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "ops/functions.h"
#include "ops/harness.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

constexpr Sizes kAttentionSizes[] = {{0, 3}, {1, 1}, {3, 5}, {7, 16}, {2, 33}};

// Positions of the two sequences.
struct Layout {
  int64_t queries = 0;
  int64_t keys = 0;
};

// The formula, one query at a time. The tensors are those of AttentionOp.
Array attend(std::span<const Array> x, const AttentionOptions& o, Layout layout, int64_t batch) {
  const Array& from = x[0];
  const Array& to = x[o.cross ? 1 : 0];
  const int64_t query_stride = o.heads * (o.cross ? o.key_dim : 2 * o.key_dim + o.value_dim);
  const int64_t key_stride = o.cross ? o.heads * (o.key_dim + o.value_dim) : query_stride;
  const int64_t first_key = o.cross ? 0 : o.heads * o.key_dim;
  Array y;
  for (int64_t n = 0; n < batch; ++n) {
    for (int64_t t = 0; t < layout.queries; ++t) {
      for (int64_t h = 0; h < o.heads; ++h) {
        const auto key_row = [&](int64_t s) { return (n * layout.keys + s) * key_stride; };
        Array weights;
        double sum = 0;
        for (int64_t s = 0; s < layout.keys; ++s) {
          const bool hidden =
              (o.causal && s > t) ||
              (o.masked && x[o.cross ? 2 : 1][static_cast<size_t>(n * layout.keys + s)] == 0);
          double product = 0;
          for (int64_t i = 0; i < o.key_dim; ++i) {
            const int64_t q = (n * layout.queries + t) * query_stride + h * o.key_dim + i;
            const int64_t k = key_row(s) + first_key + h * o.key_dim + i;
            product += from[static_cast<size_t>(q)] * to[static_cast<size_t>(k)];
          }
          weights.push_back(hidden ? 0
                                   : std::exp(product / std::sqrt(static_cast<double>(o.key_dim))));
          sum += weights.back();
        }
        for (int64_t i = 0; i < o.value_dim; ++i) {
          double out = 0;
          for (int64_t s = 0; s < layout.keys; ++s) {
            const int64_t v = key_row(s) + first_key + o.heads * o.key_dim + h * o.value_dim + i;
            out += weights[static_cast<size_t>(s)] * to[static_cast<size_t>(v)];
          }
          y.push_back(sum > 0 ? out / sum : 0);
        }
      }
    }
  }
  return y;
}

// Two heads; T and S grow with the width, so that small and large blocks are met.
AttentionOptions two_heads(bool cross, bool causal) {
  AttentionOptions o;
  o.heads = 2;
  o.key_dim = 3;
  o.value_dim = 5;
  o.cross = cross;
  o.causal = causal;
  return o;
}

Case itself(AttentionOptions o, int64_t scale = 1) {
  return {
      std::string("attention") + (o.causal ? ", causal" : "") + (o.masked ? ", masked" : ""),
      [=](int64_t width) {
        const int64_t length = width * scale;
        std::vector<Input> inputs = {{{kBatch, length, o.heads * (2 * o.key_dim + o.value_dim)}}};
        if (o.masked) inputs.push_back({{kBatch, length}, 0, 2, DType::kFloat32});
        return inputs;
      },
      [=](Graph& g, std::span<const ValueId> x) {
        // A mask of zeros and ones, from numbers that are drawn.
        ValueId mask = graph::kNoValue;
        if (o.masked) mask = unary(g, Ew::kGreaterC, x[1], 1);
        return attention(g, {x[0]}, o, mask);
      },
      [=](std::span<const Array> x, Sizes s) {
        std::vector<Array> inputs(x.begin(), x.end());
        if (o.masked) {
          for (double& m : inputs[1]) m = m > 1 ? 1 : 0;
        }
        return attend(inputs, o, {s.width * scale, s.width * scale}, s.batch);
      },
      true,
      2e-5,
      0.1};
}

}  // namespace

TEST_CASE("attention: of a sequence with itself") {
  check(itself(two_heads(false, false)), kAttentionSizes);
  check(itself(two_heads(false, true)), kAttentionSizes);
}

TEST_CASE("attention: keys that do not exist, and queries that see none") {
  AttentionOptions o = two_heads(false, false);
  o.masked = true;
  check(itself(o), kAttentionSizes);
  o.causal = true;
  check(itself(o), kAttentionSizes);
}

TEST_CASE("attention: of one sequence with another") {
  for (const bool causal : {false, true}) {
    const AttentionOptions o = two_heads(true, causal);
    check({"cross attention",
           [=](int64_t width) {
             return std::vector<Input>{{{kBatch, width, o.heads * o.key_dim}},
                                       {{kBatch, width + 3, o.heads * (o.key_dim + o.value_dim)}}};
           },
           [=](Graph& g, std::span<const ValueId> x) {
             return attention(g, {x[0], x[1]}, o);
           },
           [=](std::span<const Array> x, Sizes s) {
             return attend(x, o, {s.width, s.width + 3}, s.batch);
           },
           true, 2e-5, 0.1},
          kAttentionSizes);
  }
}

TEST_CASE("attention: sequences of several blocks of queries") {
  const Sizes sizes[] = {{1, 260}};
  check(itself(two_heads(false, false)), sizes);
  check(itself(two_heads(false, true)), sizes);
}

TEST_CASE("attention: without probabilities kept, as in inference") {
  AttentionOptions o = two_heads(false, true);
  o.training = false;
  Case c = itself(o);
  c.differentiable = false;
  check(c, kAttentionSizes);
  const Sizes long_one[] = {{1, 260}};
  check(c, long_one);
}

TEST_CASE("attention: dropout drops probabilities, and its gradient the same ones") {
  // Values of one: y is the sum of the kept weights, and its mean is 1.
  AttentionOptions o;
  o.dropout = 0.25f;
  const Sizes sizes[] = {{50, 20}};
  check({"dropped attention",
         [](int64_t width) {
           return std::vector<Input>{{{kBatch, width, 2}, 0, 0},
                                     {{kBatch, width, 1}, 1, 1},
                                     {{4}, 0, 4e9, DType::kUint32}};
         },
         [=](Graph& g, std::span<const ValueId> x) {
           const ValueId y = attention(g, {concat(g, {x[0], x[1]}, 2)}, o, graph::kNoValue, x[2]);
           // Equal weights of 1 / 20: every y is a multiple of 1 / 15, and is made a whole number.
           const ValueId whole = scale(g, y, 15);
           return mean(g, sub(g, whole, fill_like(g, whole, 15)));
         },
         [](std::span<const Array>, Sizes) { return Array{0}; }, false, 1.0, 0.2},
        sizes);
  Case gradient = itself(o);
  gradient.name = "gradient of dropped attention";
  // Linear in the values: the gradient by v is the transpose of what the forward pass did.
  gradient.inputs = [](int64_t width) {
    return std::vector<Input>{
        {{kBatch, width, 2}}, {{kBatch, width, 1}}, {{4}, 7, 8, DType::kUint32}};
  };
  gradient.build = [=](Graph& g, std::span<const ValueId> x) {
    const ValueId qkv = concat(g, {x[0], x[1]}, 2);
    const ValueId y = attention(g, {qkv}, o, graph::kNoValue, x[2]);
    const ValueId wrt[] = {x[1]};
    const ValueId dv = graph::differentiate(g, sum(g, mul(g, y, x[1])), wrt, autodiff_ops())[0];
    // v . d(v . Z v)/dv = 2 v . Z v
    return sub(g, sum(g, mul(g, dv, x[1])), scale(g, sum(g, mul(g, y, x[1])), 2));
  };
  gradient.reference = [](std::span<const Array>, Sizes) { return Array{0}; };
  gradient.differentiable = false;
  gradient.tolerance = 1e-3;
  gradient.floor = 1;
  check(gradient, sizes);
}

TEST_CASE("attention: shapes that do not fit") {
  Graph g;
  const AttentionOptions o = two_heads(false, false);
  const ValueId x = g.input("x", {Shape{kBatch, 4, 20}});
  CHECK_THROWS_WITH_AS(attention(g, {x}, o),
                       "queries, keys and values must be (N, T, 22), not (N, 4, 20)",
                       graph::ShapeError);
}

TEST_CASE("rotary: turns pairs of elements, and products depend on distances alone") {
  const auto turned = [](std::span<const Array> x, Sizes s) {
    Array y = x[0];
    for (int64_t row = 0; row < s.batch * s.width; ++row) {
      for (int64_t head = 0; head < 2; ++head) {
        for (int64_t i = 0; i < 2; ++i) {
          const auto at = static_cast<size_t>(row * 9 + head * 4 + i);
          const double angle = static_cast<double>(row % s.width) * (i == 0 ? 1.0 : 0.01);
          y[at] = x[0][at] * std::cos(angle) - x[0][at + 2] * std::sin(angle);
          y[at + 2] = x[0][at + 2] * std::cos(angle) + x[0][at] * std::sin(angle);
        }
      }
    }
    return y;
  };
  check({"rotary",
         [](int64_t width) {
           return std::vector<Input>{{{kBatch, width, 9}}};
         },
         [](Graph& g, std::span<const ValueId> x) { return rotary(g, x[0], 2, 4); }, turned},
        kAttentionSizes);
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch, 4, 6}});
  CHECK_THROWS_WITH_AS(rotary(g, x, 2, 3), "rotary positions need an even key_dim, not 3",
                       graph::ShapeError);
}
