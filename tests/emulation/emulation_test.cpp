// What the tests of kernels without a GPU stand on.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "emulation/context.h"
#include "ops/kernel/divider.h"
#include "ops/kernel/launch.h"
#include "ops/shape/shaping.h"

using namespace mlrun;
using namespace mlrun::ops;
using emulation::EmulatedContext;
using emulation::LaneGroup;

namespace {

// Whether the code ends a process by touching memory that it must not touch.
template <class F>
bool crashes(F f) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (const int signal : {SIGSEGV, SIGBUS}) ::signal(signal, [](int) { ::_exit(42); });
    f();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 42;
}

const FillOp kOp(0);

graph::KernelCall call_of(EmulatedContext& context, int64_t stack = 1) {
  return {kOp, {}, {}, context, nullptr, stack};
}

std::vector<float> downloaded(EmulatedContext& context, const device::Memory& memory, size_t n) {
  std::vector<float> words(n);
  context.download(words.data(), memory.get(), static_cast<int64_t>(n * sizeof(float)));
  return words;
}

}  // namespace

TEST_CASE("emulation: the host cannot touch device memory") {
  EmulatedContext context;
  const device::Memory memory = context.allocate(1000);
  auto* words = reinterpret_cast<float*>(memory.get());
  CHECK(crashes([&] { *words = 1; }));
  CHECK(crashes([&] { ::_exit(*words == 0 ? 0 : 1); }));
  for_each_element(call_of(context), 250,
                   [=](int64_t, int64_t i) { words[i] = static_cast<float>(i); });
  CHECK(downloaded(context, memory, 250)[249] == 249);
  CHECK(crashes([&] { *words = 1; }));
  // Past the end, within the alignment.
  CHECK(crashes(
      [&] { for_each_element(call_of(context), 257, [=](int64_t, int64_t i) { words[i] = 1; }); }));
}

TEST_CASE("emulation: what was recorded is run, with its arguments of that time") {
  EmulatedContext context;
  const device::Memory memory = context.allocate(4);
  auto* word = reinterpret_cast<float*>(memory.get());
  std::unique_ptr<device::Recording> recording;
  float add = 1;
  int calls = 0;
  const auto launches = [&] {
    ++calls;
    for_each_element(call_of(context), 1, [word, add](int64_t, int64_t) { *word += add; });
  };
  for (int i = 0; i < 5; ++i) {
    context.replay(recording, launches);
    add += 10;
  }
  CHECK(calls == 2);
  CHECK(downloaded(context, memory, 1)[0] == 1 + 4 * 11);
  recording.reset();
  const auto uploads = [&] { context.upload(word, &add, 4); };
  context.replay(recording, uploads);
  CHECK_THROWS_WITH_AS(context.replay(recording, uploads), "upload inside a recording", Error);
}

TEST_CASE("emulation: lanes agree on their sums, and must not part") {
  LaneGroup group;
  const int size = emulation::emulated_lanes(100);
  const int expected = size * (size + 1) / 2;
  group.run(size, [&](int lane) {
    const Lanes lanes(group, lane, size);
    CHECK(lanes.sum(lane + 1) == expected);
    CHECK(lanes.max(static_cast<float>(-lane)) == 0);
  });
  if (size == 1) return;
  CHECK_THROWS_WITH_AS(group.run(size,
                                 [&](int lane) {
                                   if (lane > 0) Lanes(group, lane, size).sync();
                                 }),
                       "a lane ended while others wait for it", Error);
}

TEST_CASE("emulation: sums over columns, in chunks and in stacks") {
  EmulatedContext context;
  for (const int64_t rows : {0, 1, 7, 3000, 40000}) {
    for (const int64_t columns : {1, 3, 32, 33}) {
      const device::Memory memory = context.allocate(2 * columns * 8);
      auto* sums = reinterpret_cast<double*>(memory.get());
      reduce_columns<double>(
          call_of(context, 2), rows, columns,
          [](int64_t k, int64_t row, int64_t column) {
            return static_cast<double>(row + 2 * column + 5 * k);
          },
          [=](int64_t k, int64_t column, double sum) { sums[k * columns + column] = sum; });
      std::vector<double> got(static_cast<size_t>(2 * columns));
      context.download(got.data(), sums, 2 * columns * 8);
      for (int64_t i = 0; i < 2 * columns; ++i) {
        const int64_t each = 2 * (i % columns) + 5 * (i / columns);
        const int64_t want = rows * (rows - 1) / 2 + rows * each;
        CHECK(got[static_cast<size_t>(i)] == static_cast<double>(want));
      }
    }
  }
}

TEST_CASE("divider: quotients and remainders") {
  const int64_t large = (int64_t{1} << 31) - 1;
  for (const int64_t d : {int64_t{1}, int64_t{2}, int64_t{3}, int64_t{7}, int64_t{641},
                          int64_t{65536}, int64_t{1000003}, large, large + 1, 5 * large}) {
    const Divider divider(d);
    for (const int64_t i : {int64_t{0}, int64_t{1}, d - 1, d, d + 1, 3 * d - 1, large - 1, large,
                            large + 1, 7 * large, int64_t{123456789}}) {
      CHECK(divider.quotient(i) == i / d);
      CHECK(divider.remainder(i) == i % d);
    }
  }
}

TEST_CASE("constants: equal numbers are uploaded once") {
  EmulatedContext context;
  const std::vector<float> a = {1, 2, 3};
  const std::vector<float> b = {1, 2, 4};
  const auto call = call_of(context);
  const float* first = constants(call, std::span(a));
  CHECK(constants(call, std::span(b)) != first);
  const std::vector<float> again = a;
  CHECK(constants(call, std::span(again)) == first);
  float words[3];
  context.download(words, first, sizeof words);
  CHECK(std::memcmp(words, a.data(), sizeof words) == 0);
}
