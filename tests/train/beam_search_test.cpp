#include "train/beam_search.h"

#include <doctest/doctest.h>

#include <cmath>

namespace mlrun::train {
namespace {

using Tokens = std::vector<int32_t>;

// Of the tokens end, a, b, c behind what is begun. Greedy takes a (0.5), behind which all is
// unlikely; b (0.4) is followed by c for sure.
std::vector<float> next(const Tokens& begun) {
  if (begun.empty()) return {0.1f, 0.5f, 0.4f, 0};
  if (begun.back() == 1) return {0.3f, 0.25f, 0.25f, 0.2f};
  if (begun.back() == 2) return {0, 0, 0, 1};
  return {1, 0, 0, 0};
}

Hypothesis found(BeamOptions options) {
  Beam beam(options);
  while (!beam.done()) {
    std::vector<float> probabilities;
    for (const Hypothesis& open : beam.open()) {
      const std::vector<float> p = next(open.tokens);
      probabilities.insert(probabilities.end(), p.begin(), p.end());
    }
    beam.extend(probabilities);
  }
  return beam.best();
}

}  // namespace

TEST_CASE("beam search: a beam of one is greedy, a wider one sees further") {
  const Hypothesis greedy = found({1, 0, 10, 0});
  CHECK(greedy.tokens == Tokens{1});
  CHECK(std::exp(greedy.log_probability) == doctest::Approx(0.15));
  const Hypothesis wide = found({2, 0, 10, 0});
  CHECK(wide.tokens == Tokens{2, 3});
  CHECK(std::exp(wide.log_probability) == doctest::Approx(0.4));
}

TEST_CASE("beam search: it ends at the greatest length") {
  CHECK(found({2, 0, 1, 0}).tokens == Tokens{1});     // b c is cut
  CHECK(found({2, 0, 2, 0}).tokens == Tokens{2, 3});  // b c is cut, but likelier than a
}

TEST_CASE("beam search: what is cut is compared with what ended, however little of it did") {
  Beam beam({3, 0.6, 2, 0});
  beam.extend(std::vector<float>{0.001f, 0.989f, 0.01f});  // nothing is said, a or b
  CHECK(beam.best().tokens.empty());
  CHECK_FALSE(beam.done());
  beam.extend(std::vector<float>{0.01f, 0.98f, 0.01f, 0.01f, 0.98f, 0.01f});
  CHECK(beam.done());
  CHECK(beam.best().tokens == Tokens{1, 1});
  CHECK(std::exp(beam.best().log_probability) == doctest::Approx(0.989 * 0.98));
}

TEST_CASE("beam search: it goes on as long as what is open can win, in a beam of one to the end") {
  Beam beam({2, 0, 5, 0});
  beam.extend(std::vector<float>{0.3f, 0.5f, 0.2f});
  beam.extend(std::vector<float>{0.1f, 0.9f, 0, 0.9f, 0.1f, 0});
  REQUIRE_FALSE(beam.done());  // the empty one and b (0.18) have ended, a a (0.45) has not
  beam.extend(std::vector<float>{0.9f, 0.1f, 0, 0, 1, 0});
  CHECK(beam.done());
  CHECK(beam.best().tokens == Tokens{1, 1});
  Beam greedy({1, 10, 5, 0});
  greedy.extend(std::vector<float>{0.6f, 0.4f, 0});  // would be worth more when it is longer
  CHECK(greedy.done());
  CHECK(greedy.best().tokens.empty());
}

TEST_CASE("beam search: the length penalty is that of Wu et al.") {
  // Two sequences end: a (0.5 x 0.9) and b b (0.5 x 0.88 x 1).
  const auto ends = [](double alpha) {
    Beam beam({2, alpha, 10, 0});
    beam.extend(std::vector<float>{0, 0.5f, 0.5f});
    beam.extend(std::vector<float>{0.9f, 0.1f, 0, 0.12f, 0, 0.88f});
    if (!beam.done()) beam.extend(std::vector<float>{1, 0, 0, 0, 1, 0});
    return beam.best().tokens;
  };
  CHECK(ends(0) == Tokens{1});
  CHECK(ends(1) == Tokens{2, 2});
}

}  // namespace mlrun::train
