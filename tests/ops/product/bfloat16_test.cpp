#include "ops/product/bfloat16.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <vector>

#include "base/philox.h"
#include "device/cpu_context.h"
#include "ops/functions.h"
#include "ops/harness.h"
#include "ops/product/matmul.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

float to_bfloat16(float x) {
  float y = 0;
  round_to_bfloat16(&x, &y, 1);
  return y;
}

struct Sides {
  int64_t m, n, k;
};

constexpr Sides kSides[] = {{1, 1, 1},     {7, 5, 3},     {8, 8, 8},      {9, 17, 33},
                            {16, 48, 32},  {33, 49, 1},   {70, 1, 300},   {128, 100, 28},
                            {28, 90, 515}, {67, 130, 47}, {150, 60, 1030}};

struct AlignedDelete {
  void operator()(std::byte* p) const { ::operator delete[](p, std::align_val_t(64)); }
};
using AlignedBytes = std::unique_ptr<std::byte[], AlignedDelete>;

AlignedBytes aligned_bytes(int64_t count) {
  return AlignedBytes(new (std::align_val_t(64)) std::byte[static_cast<size_t>(count)]);
}

// c (m, n) = op(a) op(b) of drawn operands.
struct PanelProblem {
  std::vector<float> a, b;
  GemmArgs args;

  PanelProblem(const Sides& s, bool transpose_a, bool transpose_b)
      : a(static_cast<size_t>(s.m * s.k)), b(static_cast<size_t>(s.k * s.n)) {
    const PhiloxStream stream(7, Purpose::kGenerate);
    for (size_t i = 0; i < a.size(); ++i) a[i] = stream.normal(0, i);
    for (size_t i = 0; i < b.size(); ++i) b[i] = stream.normal(1, i);
    args.transpose_a = transpose_a;
    args.transpose_b = transpose_b;
    args.m = s.m;
    args.n = s.n;
    args.k = s.k;
    args.a = a.data();
    args.b = b.data();
    args.lda = transpose_a ? s.m : s.k;
    args.ldb = transpose_b ? s.k : s.n;
    args.ldc = s.n;
  }

  float a_at(int64_t i, int64_t l) const {
    return a[static_cast<size_t>(args.transpose_a ? l * args.lda + i : i * args.lda + l)];
  }
  float b_at(int64_t l, int64_t j) const {
    return b[static_cast<size_t>(args.transpose_b ? j * args.ldb + l : l * args.ldb + j)];
  }

  std::vector<float> multiply(int threads) {
    std::vector<float> c = memory_of_c();
    const AlignedBytes workspace = aligned_bytes(bfloat16_workspace(args));
    device::CpuContext context(threads);
    args.c = c.data();
    multiply_bfloat16(args, context.team(), workspace.get(), nullptr);
    return c;
  }

  std::vector<float> multiply_panels(Bfloat16Way way) {
    std::vector<float> c = memory_of_c();
    args.c = c.data();
    const Bfloat16Panels panels(args, way);
    const AlignedBytes packed = aligned_bytes(panels.bytes());
    panels.pack(0, panels.slices(), packed.get());
    panels.multiply({0, panels.row_panels(), 0, panels.column_panels()}, packed.get());
    return c;
  }

  std::vector<float> memory_of_c() const {
    return std::vector<float>(static_cast<size_t>(args.m * args.n), -1.0f);
  }

  // Of the rounded operands, in double; the largest difference over the sum of the magnitudes.
  double error(const std::vector<float>& c) const {
    double worst = 0;
    for (int64_t i = 0; i < args.m; ++i) {
      for (int64_t j = 0; j < args.n; ++j) {
        double sum = 0;
        double size = 1e-30;
        for (int64_t l = 0; l < args.k; ++l) {
          const double term = double{to_bfloat16(a_at(i, l))} * double{to_bfloat16(b_at(l, j))};
          sum += term;
          size += std::fabs(term);
        }
        const double got = c[static_cast<size_t>(i * args.n + j)];
        worst = std::max(worst, std::fabs(got - sum) / size);
      }
    }
    return worst;
  }
};

bool same_bits(const std::vector<float>& x, const std::vector<float>& y) {
  return x.size() == y.size() && std::memcmp(x.data(), y.data(), 4 * x.size()) == 0;
}

}  // namespace

TEST_CASE("bfloat16: to the nearest, ties to even; infinity and NaN stay, subnormal numbers go") {
  CHECK(to_bfloat16(1.0f) == 1.0f);
  CHECK(to_bfloat16(1.0f + 0x1p-8f) == 1.0f);                // a tie, down to even
  CHECK(to_bfloat16(1.0f + 3 * 0x1p-8f) == 1.0f + 0x1p-6f);  // a tie, up to even
  CHECK(to_bfloat16(1.0f + 0x1.02p-8f) == 1.0f + 0x1p-7f);
  CHECK(to_bfloat16(-1.0f - 0x1.02p-8f) == -1.0f - 0x1p-7f);
  CHECK(to_bfloat16(std::numeric_limits<float>::max()) == kInfinity);
  CHECK(to_bfloat16(-kInfinity) == -kInfinity);
  CHECK(std::isnan(to_bfloat16(std::numeric_limits<float>::quiet_NaN())));
  CHECK(std::isnan(to_bfloat16(std::bit_cast<float>(0x7f800001u))));  // its payload is cut off
  CHECK(to_bfloat16(0x1p-126f) == 0x1p-126f);
  CHECK(to_bfloat16(0x1.8p-127f) == 0.0f);
  CHECK(std::signbit(to_bfloat16(-0x1p-140f)));
}

TEST_CASE("bfloat16: products against loops in double, whatever the number of threads") {
  for (const Sides& sides : kSides) {
    for (const bool transpose_a : {false, true}) {
      for (const bool transpose_b : {false, true}) {
        CAPTURE(sides.m);
        CAPTURE(sides.n);
        CAPTURE(sides.k);
        PanelProblem p(sides, transpose_a, transpose_b);
        const std::vector<float> one = p.multiply(1);
        CHECK(p.error(one) < 1e-6);
        CHECK(same_bits(one, p.multiply(3)));
      }
    }
  }
}

TEST_CASE(
    "bfloat16: a CPU with tiles multiplies by vectors to the same, but for the order of the sums" *
    doctest::skip(bfloat16_way() != Bfloat16Way::kTiles)) {
  for (const Sides& sides : kSides) {
    for (const bool transposed : {false, true}) {
      CAPTURE(sides.m);
      CAPTURE(sides.n);
      CAPTURE(sides.k);
      PanelProblem p(sides, transposed, transposed);
      CHECK(p.error(p.multiply_panels(Bfloat16Way::kVectors)) < 1e-6);
      CHECK(p.error(p.multiply_panels(Bfloat16Way::kTiles)) < 1e-6);
    }
  }
}

TEST_CASE("bfloat16: NaN and infinity reach the elements that they are a part of, no others") {
  PanelProblem p({40, 60, 33}, false, false);
  p.a[5 * 33 + 32] = std::numeric_limits<float>::quiet_NaN();
  p.a[6 * 33 + 3] = std::numeric_limits<float>::infinity();
  const std::vector<float> c = p.multiply(1);
  for (size_t i = 0; i < 40; ++i) {
    for (size_t j = 0; j < 60; ++j) {
      CHECK(std::isnan(c[i * 60 + j]) == (i == 5));
      CHECK(std::isinf(c[i * 60 + j]) == (i == 6));
    }
  }
}

TEST_CASE("bfloat16: the packed product and the rounded operands differ by the order of the sums" *
          doctest::skip(!multiplies_bfloat16())) {
  PanelProblem p({130, 100, 300}, false, true);
  PanelProblem q = p;
  round_to_bfloat16(p.a.data(), q.a.data(), static_cast<int64_t>(p.a.size()));
  round_to_bfloat16(p.b.data(), q.b.data(), static_cast<int64_t>(p.b.size()));
  q.args.a = q.a.data(), q.args.b = q.b.data();
  const std::vector<float> packed = p.multiply(1);
  std::vector<float> floats(packed.size());
  q.args.c = floats.data();
  gemm(q.args);
  CHECK(p.error(floats) < 1e-6);
  CHECK(p.error(packed) < 1e-6);
  CHECK(!same_bits(floats, packed));
}

TEST_CASE("bfloat16: an epilogue, in the harness with rows that are no multiple of a tile") {
  const auto round_all = [](std::span<const double> x) {
    Array y(x.begin(), x.end());
    for (double& v : y) v = to_bfloat16(static_cast<float>(v));
    return y;
  };
  check({"bf16 matmul, relu(product + row)",
         [](int64_t width) {
           return std::vector<Input>{{{kBatch, width}, -1, 1}, {{width, 50}, -1, 1}, {{50}}};
         },
         [](Graph& g, std::span<const ValueId> x) {
           const auto product =
               std::make_shared<MatMulOp>(false, false, nullptr, Precision::kBfloat16);
           return unary(g, Ew::kRelu, add(g, g.apply(product, {x[0], x[1]}), x[2]));
         },
         [&](std::span<const Array> x, Sizes s) {
           const Array a = round_all(x[0]);
           const Array b = round_all(x[1]);
           Array y(static_cast<size_t>(s.batch * 50));
           for (size_t i = 0; i < y.size(); ++i) {
             double sum = x[2][i % 50];
             for (size_t l = 0; l < static_cast<size_t>(s.width); ++l) {
               sum += a[i / 50 * static_cast<size_t>(s.width) + l] * b[l * 50 + i % 50];
             }
             y[i] = std::max(sum, 0.0);
           }
           return y;
         },
         false, 1e-5, 1.0});
}
