#include "train/auc.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/philox.h"

using namespace mlrun;
using namespace mlrun::train;

namespace {

// Pairs of a positive and a negative: won, or half won.
double by_pairs(const std::vector<float>& scores, const std::vector<int32_t>& labels) {
  double wins = 0;
  double pairs = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    for (size_t j = 0; j < scores.size(); ++j) {
      if (labels[i] != 1 || labels[j] != 0) continue;
      pairs += 1;
      wins += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
    }
  }
  return wins / pairs;
}

}  // namespace

TEST_CASE("auc: the share of pairs in the right order, of few and of many rows, with ties") {
  const PhiloxStream stream(3, Purpose::kGenerate);
  for (const size_t rows : {size_t{10}, size_t{1023}, size_t{1024}, size_t{3001}}) {
    std::vector<float> scores(rows);
    std::vector<int32_t> labels(rows);
    for (size_t i = 0; i < rows; ++i) {
      labels[i] = static_cast<int32_t>(i % 2);
      const float score = stream.normal(0, i) + 0.3f * static_cast<float>(labels[i]);
      scores[i] = i % 3 == 0 ? std::round(score) : score;  // negative ones, ties, both zeros
    }
    const double expected = by_pairs(scores, labels);
    CHECK(roc_auc({scores, 1, labels, {}}, 0, 1) == doctest::Approx(expected).epsilon(1e-12));
    scores[rows / 2] = std::numeric_limits<float>::quiet_NaN();
    CHECK(std::isnan(roc_auc({scores, 1, labels, {}}, 0, 1)));
  }
}
