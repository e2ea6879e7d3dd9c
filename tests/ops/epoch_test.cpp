#include "ops/epoch.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "device/cpu_context.h"
#include "graph/executable.h"
#include "ops/cpu_kernels.h"
#include "ops/harness.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

Case gather_case() {
  return {"gather",
          [](int64_t width) {
            return std::vector<Input>{{{11, width}}, {{kBatch}, 0, 11, DType::kInt32}};
          },
          [](Graph& g, std::span<const ValueId> x) {
            return g.apply(std::make_shared<GatherOp>(), {x[0], x[1]});
          },
          [](std::span<const Array> x, Sizes s) {
            Array y;
            for (const double row : x[1]) {
              const auto begin = x[0].begin() + static_cast<int64_t>(row) * s.width;
              y.insert(y.end(), begin, begin + s.width);
            }
            return y;
          },
          false};
}

// The steps of an epoch of 7 rows in batches of 3, on these losses and terms.
struct Epoch {
  Epoch(std::vector<float> losses_of_steps, std::vector<float> terms_of_steps)
      : losses(std::move(losses_of_steps)),
        terms(std::move(terms_of_steps)),
        sums(3 * size_t(kSumWords)) {}

  void run() {
    Graph g;
    const ValueId count = g.variable("counter", {Shape{1}, DType::kInt32});
    const ValueId rows = g.input("order", {Shape{7}, DType::kInt32});
    const ValueId all = g.variable("all", {Shape{7}});
    const ValueId table = g.input("losses", {Shape{3, 1}});
    const ValueId others = g.input("terms", {Shape{3, 1}});
    const ValueId features = g.input("features", {Shape{7, 1}});
    const ValueId sum = g.variable("sums", {Shape{3 * kSumWords}, DType::kUint32});
    const ValueId step = g.apply(std::make_shared<NextStepOp>(), {count});
    const ValueId batch = g.apply(std::make_shared<BatchRowsOp>(3), {step, rows});
    const ValueId made = g.apply(std::make_shared<GatherOp>(), {features, batch});
    const ValueId loss = g.apply(std::make_shared<GatherOp>(), {table, step});
    const ValueId term = g.apply(std::make_shared<GatherOp>(), {others, step});
    g.apply_multi(std::make_shared<StoreBatchOp>(3), {made, step, all});
    g.apply_multi(std::make_shared<AccumulateOp>(0), {sum, batch, loss, term});
    device::CpuContext context(1);
    graph::Executable executable(g, {}, 3, cpu_kernels(), context);
    executable.bind(count, &counter);
    executable.bind(rows, order.data());
    executable.bind(all, stored.data());
    executable.bind(table, losses.data());
    executable.bind(others, terms.data());
    executable.bind(features, values_of_rows.data());
    executable.bind(sum, sums.data());
    for (const int64_t n : {3, 3, 1}) executable.run(n);
  }

  double sum(size_t i) const {
    return std::bit_cast<double>(std::array{sums[2 * i], sums[2 * i + 1]});
  }

  int32_t counter = 0;
  std::vector<int32_t> order = {6, 5, 4, 0, 1, 2, 3};
  std::vector<float> values_of_rows = {0, 10, 20, 30, 40, 50, 60};
  std::vector<float> stored = std::vector<float>(7);
  std::vector<float> losses;
  std::vector<float> terms;
  std::vector<uint32_t> sums;
};

}  // namespace

TEST_CASE("epoch: rows are gathered") { check(gather_case()); }

TEST_CASE("epoch: every step finds its rows, stores what it made and adds its losses") {
  Epoch epoch({0.1f, 0.2f, 0.7f}, {1, 2, 3});
  epoch.run();
  CHECK(epoch.counter == 3);
  CHECK(epoch.stored == std::vector<float>{60, 50, 40, 0, 10, 20, 30});
  CHECK(epoch.sum(0) == 0);
  CHECK(epoch.sum(1) == 3 * double(0.1f) + 3 * double(0.2f) + double(0.7f));
  CHECK(epoch.sum(2) == 3 + 6 + 3);
}

TEST_CASE("epoch: nothing is added behind a value that is not finite") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  Epoch loss({0.5f, kInfinity, -0.5f}, {1, 2, 3});
  loss.run();
  CHECK(loss.sum(0) == 1);
  CHECK(loss.sum(1) == kInfinity);
  CHECK(loss.sum(2) == 3 + 6);
  Epoch term({0.5f, 1, 1}, {1, kInfinity, -kInfinity});
  term.run();
  CHECK(term.sum(0) == 1);
  CHECK(term.sum(1) == 1.5 + 3);
  CHECK(term.sum(2) == kInfinity);
}

TEST_CASE("epoch: operands that do not belong together") {
  Graph g;
  const ValueId table = g.input("table", {Shape{3, 2}});
  const ValueId rows = g.input("rows", {Shape{4}});
  CHECK_THROWS_WITH_AS(g.apply(std::make_shared<GatherOp>(), {table, rows}),
                       "Gather: operands (3, 2) (4)", graph::ShapeError);
}
