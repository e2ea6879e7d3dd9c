#include "ops/product/gemm.h"

#include <doctest/doctest.h>

#include <atomic>
#include <vector>

#include "device/team.h"

using namespace mlrun;
using namespace mlrun::ops;

namespace {

std::vector<float> ramp(int64_t count, int64_t period) {
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) {
    values.push_back(static_cast<float>(i % period) / static_cast<float>(period) - 0.5f);
  }
  return values;
}

}  // namespace

TEST_CASE("gemm: many threads at a time multiply as one does") {
  for (const bool transpose_b : {false, true}) {
    for (const int64_t k : {33, 3000}) {
      const std::vector<float> a = ramp(64 * k, 101);
      const std::vector<float> b = ramp(64 * k, 97);
      const auto multiply = [&](std::vector<float>& c) {
        GemmArgs x;
        x.transpose_b = transpose_b;
        x.m = x.n = 64;
        x.k = k;
        x.a = a.data(), x.lda = k;
        x.b = b.data(), x.ldb = transpose_b ? k : 64;
        x.c = c.data(), x.ldc = 64;
        gemm(x);
      };
      std::vector<float> want(64 * 64);
      multiply(want);
      std::atomic<int> wrong = 0;
      device::ThreadTeam team(4);
      team.run([&](int, int) {
        std::vector<float> c(64 * 64);
        for (int64_t i = 0; i < 200000 / k; ++i) {
          multiply(c);
          if (c != want) ++wrong;
        }
      });
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("gemm: adds to what is there when asked") {
  for (const int64_t n : {1, 3}) {
    for (const int64_t k : {0, 1, 4}) {
      for (const bool transpose_a : {false, true}) {
        const std::vector<float> a = ramp(2 * k, 5);
        const std::vector<float> b = ramp(k * n, 7);
        std::vector<float> c(static_cast<size_t>(2 * n), 1.0f);
        GemmArgs x;
        x.transpose_a = transpose_a;
        x.m = 2, x.n = n, x.k = k;
        x.a = a.data(), x.lda = transpose_a ? 2 : std::max<int64_t>(k, 1);
        x.b = b.data(), x.ldb = n;
        x.c = c.data(), x.ldc = n;
        x.accumulate = true;
        gemm(x);
        for (int64_t i = 0; i < 2; ++i) {
          for (int64_t j = 0; j < n; ++j) {
            float want = 1;
            for (int64_t l = 0; l < k; ++l) {
              want += a[static_cast<size_t>(transpose_a ? l * 2 + i : i * k + l)] *
                      b[static_cast<size_t>(l * n + j)];
            }
            CHECK(c[static_cast<size_t>(i * n + j)] == doctest::Approx(want));
          }
        }
      }
    }
  }
}
