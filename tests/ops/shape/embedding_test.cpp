#include "ops/shape/embedding.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "ops/functions.h"
#include "ops/harness.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

// A table of 11 rows looked up by `shape` indices.
Case lookup_case(const Shape& shape, DType dtype) {
  return {"embedding",
          [=](int64_t width) {
            return std::vector<Input>{{{11, width}}, {shape, 0, 11, dtype}};
          },
          [](Graph& g, std::span<const ValueId> x) { return embedding(g, x[0], x[1]); },
          [](std::span<const Array> x, Sizes s) {
            Array y;
            for (const double index : x[1]) {
              const auto row = static_cast<int64_t>(std::floor(index)) * s.width;
              y.insert(y.end(), x[0].begin() + row, x[0].begin() + row + s.width);
            }
            return y;
          }};
}

}  // namespace

TEST_CASE("embedding: rows by int32 and by float indices") {
  check(lookup_case({kBatch}, DType::kInt32));
  check(lookup_case({kBatch, 3}, DType::kInt32));
  check(lookup_case({kBatch, 3}, DType::kFloat32));
}

TEST_CASE("embedding: an index outside the table gives NaN") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Sizes sizes[] = {{3, 4}};
  for (const double index : {-1.0, 11.0, 1e12, nan}) {
    Case c = lookup_case({kBatch}, DType::kFloat32);
    c.inputs = [=](int64_t width) {
      return std::vector<Input>{{{11, width}}, {{kBatch}, index, index}};
    };
    c.reference = [=](std::span<const Array>, Sizes s) {
      return Array(static_cast<size_t>(s.batch * s.width), nan);
    };
    c.differentiable = false;
    check(c, sizes);
  }
}
