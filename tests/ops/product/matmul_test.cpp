#include "ops/product/matmul.h"

#include <doctest/doctest.h>

#include "ops/functions.h"
#include "ops/harness.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

// c (m, n) = op(a) (m, k) op(b) (k, n).
struct Product {
  int64_t m, n, k;
  bool transpose_a = false;
  bool transpose_b = false;
};

Array naive(const Product& p, const Array& a, const Array& b) {
  const int64_t a_row = p.transpose_a ? 1 : p.k;
  const int64_t a_column = p.transpose_a ? p.m : 1;
  const int64_t b_row = p.transpose_b ? 1 : p.n;
  const int64_t b_column = p.transpose_b ? p.k : 1;
  Array c(static_cast<size_t>(p.m * p.n), 0.0);
  for (int64_t i = 0; i < p.m; ++i) {
    double* to = c.data() + i * p.n;
    for (int64_t l = 0; l < p.k; ++l) {
      const double x = a[static_cast<size_t>(i * a_row + l * a_column)];
      const double* from = b.data() + l * b_row;
      for (int64_t j = 0; j < p.n; ++j) to[j] += x * from[j * b_column];
    }
  }
  return c;
}

// (N, T, K) times (K, M); T = 1 is (N, K).
Case rows_case(int64_t steps, int64_t inner, int64_t outer, bool transpose_b) {
  const auto k_of = [=](int64_t width) { return inner < 0 ? width : inner; };
  const auto n_of = [=](int64_t width) { return outer < 0 ? width + 2 : outer; };
  return {std::string("matmul") + (transpose_b ? " with b transposed" : "") + ", K " +
              std::to_string(inner) + ", M " + std::to_string(outer) + ", T " +
              std::to_string(steps),
          [=](int64_t width) {
            const int64_t k = k_of(width);
            const Shape a = steps == 1 ? Shape{kBatch, k} : Shape{kBatch, steps, k};
            const int64_t n = n_of(width);
            return std::vector<Input>{{a, -1, 1}, {transpose_b ? Shape{n, k} : Shape{k, n}, -1, 1}};
          },
          [=](Graph& g, std::span<const ValueId> x) {
            return matmul(g, x[0], x[1], false, transpose_b);
          },
          [=](std::span<const Array> x, Sizes s) {
            return naive({s.batch * steps, n_of(s.width), k_of(s.width), false, transpose_b}, x[0],
                         x[1]);
          },
          true,
          1e-5,
          1.0};
}

// The product that makes a weight's gradient: summed over the samples.
Case samples_case(int64_t steps, int64_t outer) {
  const auto n_of = [=](int64_t width) { return outer < 0 ? width + 2 : outer; };
  return {"matmul with a transposed, M " + std::to_string(outer) + ", T " + std::to_string(steps),
          [=](int64_t width) {
            const int64_t n = n_of(width);
            return steps == 1 ? std::vector<Input>{{{kBatch, width}, -1, 1}, {{kBatch, n}, -1, 1}}
                              : std::vector<Input>{{{kBatch, steps, width}, -1, 1},
                                                   {{kBatch, steps, n}, -1, 1}};
          },
          [](Graph& g, std::span<const ValueId> x) { return matmul(g, x[0], x[1], true); },
          [=](std::span<const Array> x, Sizes s) {
            return naive({s.width, n_of(s.width), s.batch * steps, true, false}, x[0], x[1]);
          },
          true,
          3e-5,
          1.0};
}

constexpr int64_t kFree = -1;
constexpr Sizes kMatMulSizes[] = {{0, 7}, {1, 1},   {1, 7},   {7, 33},
                                  {7, 7}, {33, 33}, {3, 300}, {515, 67}};
constexpr Sizes kTiled[] = {{515, 94}};

}  // namespace

TEST_CASE("matmul: (N, K) times (K, M), also with one column, one or no inner element") {
  for (const bool transpose_b : {false, true}) {
    check(rows_case(1, kFree, kFree, transpose_b), kMatMulSizes);
    check(rows_case(1, kFree, 1, transpose_b), kMatMulSizes);
    check(rows_case(1, 1, kFree, transpose_b), kMatMulSizes);
    check(rows_case(1, 1, 1, transpose_b), kMatMulSizes);
    check(rows_case(1, 0, kFree, transpose_b), kMatMulSizes);
    check(rows_case(1, 0, 1, transpose_b), kMatMulSizes);
  }
}

TEST_CASE("matmul: leading dimensions are rows") {
  for (const bool transpose_b : {false, true}) {
    check(rows_case(5, kFree, kFree, transpose_b), kMatMulSizes);
    check(rows_case(5, kFree, 1, transpose_b), kMatMulSizes);
  }
}

TEST_CASE("matmul: summed over the samples") {
  check(samples_case(1, kFree), kMatMulSizes);
  check(samples_case(1, 1), kMatMulSizes);
  check(samples_case(5, kFree), kMatMulSizes);
  check(samples_case(5, 1), kMatMulSizes);
}

TEST_CASE("matmul: sizes that go to the tiles of our own, and long thin ones") {
  constexpr Sizes kLarge[] = {{515, 96}, {1030, 40}};
  for (const bool transpose_b : {false, true}) {
    check(rows_case(1, 128, 96, transpose_b), kLarge);
    check(rows_case(1, 28, 100, transpose_b), kLarge);
  }
  check(samples_case(1, 96), kLarge);
  check(samples_case(1, 100), kLarge);
}

TEST_CASE("matmul: an epilogue, with operands of its own and further readers") {
  for (const int64_t outer : {kFree, int64_t{1}}) {
    Case c = rows_case(1, kFree, outer, false);
    c.name += ", relu(product + row) * column";
    const auto inputs = c.inputs;
    const auto product = c.reference;
    c.inputs = [=](int64_t width) {
      std::vector<Input> all = inputs(width);
      all.push_back({{all[1].shape[1]}});
      all.push_back({{kBatch, 1}});
      return all;
    };
    c.build = [](Graph& g, std::span<const ValueId> x) {
      const ValueId y = unary(g, Ew::kRelu, add(g, matmul(g, x[0], x[1]), x[2]));
      return mul(g, y, x[3]);
    };
    c.reference = [=](std::span<const Array> x, Sizes s) {
      Array y = product(x.first(2), s);
      const size_t n = x[2].size();
      for (size_t i = 0; i < y.size(); ++i) y[i] = std::max(y[i] + x[2][i % n], 0.0) * x[3][i / n];
      return y;
    };
    check(c, kMatMulSizes);
    check(c, kTiled);
  }
}

TEST_CASE("matmul: a bias, with and without relu") {
  for (const bool relu : {false, true}) {
    for (const int64_t steps : {1, 5}) {
      Case c = rows_case(steps, kFree, kFree, false);
      c.name += relu ? ", relu(product + row)" : ", product + row";
      const auto inputs = c.inputs;
      const auto product = c.reference;
      c.inputs = [=](int64_t width) {
        std::vector<Input> all = inputs(width);
        all.push_back({{all[1].shape[1]}});
        return all;
      };
      c.build = [=](Graph& g, std::span<const ValueId> x) {
        const ValueId y = add(g, matmul(g, x[0], x[1]), x[2]);
        return relu ? unary(g, Ew::kRelu, y) : y;
      };
      c.reference = [=](std::span<const Array> x, Sizes s) {
        Array y = product(x.first(2), s);
        for (size_t i = 0; i < y.size(); ++i) {
          y[i] += x[2][i % x[2].size()];
          if (relu) y[i] = std::max(y[i], 0.0);
        }
        return y;
      };
      check(c, kMatMulSizes);
    }
  }
}

TEST_CASE("matmul: NaN goes through a bias and relu") {
  Case c = rows_case(1, kFree, kFree, false);
  const auto inputs = c.inputs;
  c.inputs = [=](int64_t width) {
    std::vector<Input> all = inputs(width);
    all[0].low = all[0].high = kNaN;
    all.push_back({{all[1].shape[1]}});
    return all;
  };
  c.build = [](Graph& g, std::span<const ValueId> x) {
    return unary(g, Ew::kRelu, add(g, matmul(g, x[0], x[1]), x[2]));
  };
  c.reference = [=](std::span<const Array> x, Sizes s) {
    return Array(static_cast<size_t>(s.batch) * x[2].size(), kNaN);
  };
  c.differentiable = false;
  const Sizes sizes[] = {{1, 7}, {7, 33}};
  check(c, sizes);
}
