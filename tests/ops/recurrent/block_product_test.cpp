#include "ops/recurrent/block_product.h"

#include <doctest/doctest.h>

#include <vector>

#include "emulation/context.h"
#include "ops/shape/shaping.h"

using namespace mlrun;
using namespace mlrun::ops;
using emulation::EmulatedContext;

namespace {

constexpr int64_t kNoLimit = 1 << 30;

struct BlockSizes {
  int64_t inner, columns;
  int64_t beside = 0;  ///< of a larger matrix
  bool transposed = false;
};

float block_number(int64_t i) { return static_cast<float>(i * 37 % 101 - 50) / 64; }
float of_w(const BlockSizes& s, int64_t i, int64_t c) { return block_number(i * s.columns + c); }
float of_x(int64_t row, int64_t i) { return block_number(11 * row + 7 * i + 5); }

// The matrix in the memory of a context.
struct BlockOperand {
  BlockOperand(EmulatedContext& context, const BlockSizes& s) {
    const int64_t lines = s.transposed ? s.columns : s.inner;
    const int64_t stride = (s.transposed ? s.inner : s.columns) + s.beside;
    std::vector<float> numbers(static_cast<size_t>(lines * stride), NAN);
    for (int64_t i = 0; i < s.inner; ++i) {
      for (int64_t c = 0; c < s.columns; ++c) {
        numbers[static_cast<size_t>(s.transposed ? c * stride + i : i * stride + c)] =
            of_w(s, i, c);
      }
    }
    const auto bytes = static_cast<int64_t>(numbers.size() * sizeof(float));
    memory = context.allocate(bytes);
    context.upload(memory.get(), numbers.data(), bytes);
    view = {{reinterpret_cast<const float*>(memory.get()), 0},
            s.inner,
            s.columns,
            stride,
            s.transposed};
  }

  device::Memory memory;
  BlockMatrix view;
};

// y (kRows, columns) by one block of threads; `room` is its shared memory.
template <int kRows>
std::vector<float> block_product(const BlockSizes& s, int64_t room = kNoLimit) {
  EmulatedContext context;
  const BlockOperand w(context, s);
  const device::Memory result = context.allocate(kRows * s.columns * int64_t{sizeof(float)});
  auto* y = reinterpret_cast<float*>(result.get());
  const auto p = BlockProduct::plan(w.view, kRows, room);
  REQUIRE(p);
  CHECK(p->shared_floats() <= room);
  const FillOp op(0);
  for_each_block({op, {}, {}, context, nullptr, 1}, 1, p->threads(), p->shared_floats(),
                 [=, p = *p](int64_t k, int64_t, const BlockThreads& threads) {
                   const auto share = p.load<kRows>(k, threads);
                   threads.sync();
                   for (int64_t i = threads.thread(); i < kRows * s.inner; i += threads.size()) {
                     const int64_t row = i / s.inner;
                     p.x(threads)[row * p.x_width() + i % s.inner] = of_x(row, i % s.inner);
                   }
                   threads.sync();
                   p.multiply(k, threads, share);
                   threads.sync();
                   for (int64_t i = threads.thread(); i < kRows * s.columns; i += threads.size()) {
                     const float* first = p.y(threads) + i / s.columns * p.width() + i % s.columns;
                     y[i] = 0;
                     for (int part = 0; part < p.parts(); ++part) {
                       y[i] += first[part * p.part_floats()];
                     }
                   }
                 });
  std::vector<float> numbers(static_cast<size_t>(kRows * s.columns));
  context.download(numbers.data(), y, kRows * s.columns * int64_t{sizeof(float)});
  return numbers;
}

constexpr BlockSizes kBlockSizes[] = {{1, 1},
                                      {3, 5},
                                      {4, 4},
                                      {5, 33, 2},
                                      {40, 160},
                                      {7, 1030},
                                      {300, 20},
                                      {64, 12, 4},
                                      {40, 1100},
                                      {3, 5, 0, true},
                                      {5, 33, 3, true},
                                      {160, 40, 0, true},
                                      {1030, 7, 2, true},
                                      {30, 1080, 1, true}};

}  // namespace

TEST_CASE("block product: what a product is") {
  for (const BlockSizes& s : kBlockSizes) {
    CAPTURE(s.inner);
    CAPTURE(s.columns);
    const std::vector<float> y = block_product<2>(s);
    for (int64_t row = 0; row < 2; ++row) {
      for (int64_t c = 0; c < s.columns; ++c) {
        double sum = 0;
        for (int64_t i = 0; i < s.inner; ++i) sum += double{of_x(row, i)} * of_w(s, i, c);
        CHECK(y[static_cast<size_t>(row * s.columns + c)] == doctest::Approx(sum).epsilon(1e-5));
      }
    }
  }
}

TEST_CASE("block product: the same bits for other rows and less memory") {
  for (const BlockSizes& s : kBlockSizes) {
    CAPTURE(s.inner);
    CAPTURE(s.columns);
    const std::vector<float> alone = block_product<1>(s);
    const std::vector<float> several = block_product<8>(s);
    CHECK(std::equal(alone.begin(), alone.end(), several.begin()));
    for (const int64_t room : {14000, 8000, 5000, 4200}) CHECK(block_product<1>(s, room) == alone);
  }
}

TEST_CASE("block product: none where too much would be read anew, or nothing fits") {
  EmulatedContext context;
  const BlockOperand large(context, {256, 512});
  CHECK_FALSE(BlockProduct::plan(large.view, 1, 8 * 1024));
  CHECK(BlockProduct::plan(large.view, 1, 64 * 1024));
  CHECK_FALSE(BlockProduct::plan({{}, 1, 2100, 2100}, 1, 500'000));  // more columns than threads
  CHECK_FALSE(BlockProduct::plan({{}, 30000, 120000, 120000}, 1, 500'000));  // beyond 2^31
  const BlockOperand small(context, {8, 8});
  CHECK(BlockProduct::plan(small.view, 1, 100));
  CHECK_FALSE(BlockProduct::plan(small.view, 1, 10));
}
