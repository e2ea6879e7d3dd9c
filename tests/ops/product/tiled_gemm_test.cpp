#include "ops/product/tiled_gemm.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/philox.h"

using namespace mlrun;
using namespace mlrun::ops;

namespace {

struct Problem {
  std::vector<float> a, b;
  GemmArgs args;

  Problem(int64_t m, int64_t n, int64_t k, bool transpose_a, bool transpose_b)
      : a(static_cast<size_t>(m * k)), b(static_cast<size_t>(k * n)) {
    const PhiloxStream stream(7, Purpose::kGenerate);
    for (size_t i = 0; i < a.size(); ++i) a[i] = stream.normal(0, i);
    for (size_t i = 0; i < b.size(); ++i) b[i] = stream.normal(1, i);
    args.transpose_a = transpose_a;
    args.transpose_b = transpose_b;
    args.m = m;
    args.n = n;
    args.k = k;
    args.a = a.data();
    args.b = b.data();
    args.lda = transpose_a ? m : k;
    args.ldb = transpose_b ? k : n;
    args.ldc = n;
  }

  float a_at(int64_t i, int64_t l) const {
    return a[static_cast<size_t>(args.transpose_a ? l * args.lda + i : i * args.lda + l)];
  }
  float b_at(int64_t l, int64_t j) const {
    return b[static_cast<size_t>(args.transpose_b ? j * args.ldb + l : l * args.ldb + j)];
  }

  // Columns [column, end_column) of rows [row, end_row) into `c`.
  void multiply(std::vector<float>& c, int64_t row, int64_t end_row, int64_t column,
                int64_t end_column) const {
    GemmArgs x = args;
    x.m = end_row - row;
    x.n = end_column - column;
    x.a += row * (x.transpose_a ? 1 : x.lda);
    x.b += column * (x.transpose_b ? x.ldb : 1);
    x.c = c.data() + row * x.ldc + column;
    tiled_gemm(x);
  }

  std::vector<float> whole() const {
    std::vector<float> c(static_cast<size_t>(args.m * args.n));
    multiply(c, 0, args.m, 0, args.n);
    return c;
  }
};

constexpr int64_t kShapes[][3] = {{1, 1, 1},    {8, 48, 320},  {7, 47, 31}, {13, 50, 321},
                                  {33, 97, 64}, {21, 16, 700}, {5, 100, 3}, {64, 65, 66}};

template <class Body>
void for_all(Body body) {
  for (const auto& [m, n, k] : kShapes) {
    for (const bool transpose_a : {false, true}) {
      for (const bool transpose_b : {false, true}) body(Problem(m, n, k, transpose_a, transpose_b));
    }
  }
}

}  // namespace

TEST_CASE("tiled gemm: the product, whatever is transposed") {
  for_all([](const Problem& p) {
    const std::vector<float> c = p.whole();
    double worst = 0;
    for (int64_t i = 0; i < p.args.m; ++i) {
      for (int64_t j = 0; j < p.args.n; ++j) {
        double sum = 0;
        double size = 0;
        for (int64_t l = 0; l < p.args.k; ++l) {
          const double product = static_cast<double>(p.a_at(i, l)) * p.b_at(l, j);
          sum += product;
          size += std::abs(product);
        }
        const double error = std::abs(sum - c[static_cast<size_t>(i * p.args.n + j)]);
        worst = std::max(worst, error / (size + 1e-30));
      }
    }
    CHECK(worst < 1e-6);
  });
}

TEST_CASE("tiled gemm: parts have the bits of the whole, and nothing else is written") {
  for_all([](const Problem& p) {
    const std::vector<float> whole = p.whole();
    constexpr float kUntouched = 12345;
    std::vector<float> parts(whole.size(), kUntouched);
    const int64_t row = p.args.m / 3;
    const int64_t column = p.args.n / 2;
    p.multiply(parts, 0, row, 0, p.args.n);
    p.multiply(parts, row, p.args.m, 0, column);
    for (int64_t i = row; i < p.args.m; ++i) {
      for (int64_t j = column; j < p.args.n; ++j) {
        CHECK(parts[static_cast<size_t>(i * p.args.n + j)] == kUntouched);
      }
    }
    p.multiply(parts, row, p.args.m, column, p.args.n);
    CHECK(parts == whole);
  });
}

TEST_CASE("tiled gemm: NaN and infinity come through, and stay in their row and column") {
  Problem p(20, 60, 50, false, false);
  p.a[3 * 50 + 7] = std::numeric_limits<float>::quiet_NaN();
  p.b[9 * 60 + 11] = std::numeric_limits<float>::infinity();
  const std::vector<float> c = p.whole();
  for (int64_t i = 0; i < 20; ++i) {
    for (int64_t j = 0; j < 60; ++j) {
      const float x = c[static_cast<size_t>(i * 60 + j)];
      if (i == 3) {
        CHECK(std::isnan(x));
      } else {
        CHECK(std::isinf(x) == (j == 11));
      }
    }
  }
}
