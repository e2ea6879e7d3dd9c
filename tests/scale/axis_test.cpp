#include "scale/axis.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace mlrun;
using namespace mlrun::scale;

namespace {

using Counts = std::vector<int>;

void refused(std::string_view name, const Counts& counts, const Limits& limits,
             const char* message) {
  CAPTURE(name);
  CHECK_THROWS_WITH_AS(make_axis(name, counts, limits), message, InputError);
}

}  // namespace

TEST_CASE("axis: by default as far as the machine goes") {
  const Limits limits{.cores = 6, .gpus = 3};
  CHECK(make_axis("workers", {}, limits).counts == Counts{1, 2, 4, 6});
  CHECK(make_axis("threads", {}, {.cores = 1, .gpus = 0}).counts == Counts{1});
  CHECK(make_axis("gpus", {}, limits).counts == Counts{1, 2, 3});
  CHECK(make_axis("streams", {}, limits).counts == Counts{1, 2, 4, 8, 16});
  CHECK(make_axis("stack", {}, {}).counts == Counts{1, 2, 4, 8, 16});
}

TEST_CASE("axis: counts are sorted, and compared with one") {
  CHECK(make_axis("threads", {4, 2, 4}, {.cores = 4, .gpus = 0}).counts == Counts{1, 2, 4});
  CHECK(make_axis("stack", {128}, {}).counts == Counts{1, 128});
  CHECK(make_axis("streams", {40}, {.cores = 2, .gpus = 1}).counts == Counts{1, 40});
}

TEST_CASE("axis: what there is not is refused") {
  const Limits limits{.cores = 2, .gpus = 0};
  refused("workers", {1, 3}, limits, "--over workers: 3 exceed the 2 cores of the budget");
  refused("gpus", {1}, limits, "--over gpus needs GPUs: name them with --gpus");
  refused("streams", {}, limits, "--over streams needs GPUs: name them with --gpus");
  refused("gpus", {2, 4}, {.cores = 2, .gpus = 2}, "--over gpus: 4 exceed the 2 GPUs of --gpus");
  refused("nodes", {}, limits, "--over 'nodes' is nothing to measure");
}

TEST_CASE("axis: stacks are on a GPU where there is one, workers and threads never") {
  const Limits limits{.cores = 2, .gpus = 1};
  for (const char* name : {"workers", "threads", "gpus", "streams", "stack"}) {
    CAPTURE(name);
    const bool on_cpu = name[0] == 'w' || name[0] == 't';
    CHECK(uses_gpu(make_axis(name, {}, limits).strategy) == !on_cpu);
  }
}
