#include <doctest/doctest.h>

#include <numeric>
#include <utility>
#include <vector>

#include "base/philox.h"

using namespace mlrun;

namespace {

// Draw by draw, as it is defined.
void shuffle_one_by_one(std::vector<int64_t>& items, const PhiloxStream& stream, uint64_t step) {
  for (size_t i = items.size(); i > 1; --i) {
    std::swap(items[i - 1], items[stream.below(step, i, i)]);
  }
}

}  // namespace

TEST_CASE("shuffle: the swaps of its definition, however many draws are made at once") {
  const PhiloxStream stream(7, Purpose::kShuffle, 3, 2);
  for (const size_t count : {0, 1, 2, 3, 8, 511, 512, 513, 514, 1025, 46592}) {
    for (const uint64_t step : {uint64_t{0}, uint64_t{9}, uint64_t{5} << 33}) {
      CAPTURE(count);
      CAPTURE(step);
      std::vector<int64_t> items(count);
      std::iota(items.begin(), items.end(), 0);
      std::vector<int64_t> want = items;
      shuffle(items, stream, step);
      shuffle_one_by_one(want, stream, step);
      CHECK(items == want);
    }
  }
}
