#include "base/suggest.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace mlrun {
namespace {

// What other programs, or other sentences, call it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kSynonyms = {
    {{"lr", "learning_rate"},
     {"data", "dataset"},
     {"layers", "model"},
     {"network", "model"},
     {"training", "train"},
     {"fit", "train"},
     {"batch", "batch_size"},
     {"folds", "n_splits"},
     {"grid", "param_grid"},
     {"file", "source"}}};

}  // namespace

int edit_distance(std::string_view a, std::string_view b) {
  const auto low = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  const size_t n = b.size();
  std::vector<int> before(n + 1), last(n + 1), row(n + 1);
  for (size_t j = 0; j <= n; ++j) last[j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<int>(i);
    for (size_t j = 1; j <= n; ++j) {
      const bool same = low(a[i - 1]) == low(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      const bool swapped =
          i > 1 && j > 1 && low(a[i - 1]) == low(b[j - 2]) && low(a[i - 2]) == low(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[n];
}

std::string nearest(std::string_view word, std::span<const std::string> candidates) {
  for (const auto& [other, ours] : kSynonyms) {
    const bool known = std::find(candidates.begin(), candidates.end(), ours) != candidates.end();
    if (other == word && known) return std::string(ours);
  }
  const int limit = std::max<int>(1, static_cast<int>(std::min<size_t>(word.size(), 9)) / 3);
  int best = limit + 1;
  std::string answer;
  for (const std::string& candidate : candidates) {
    const int distance = edit_distance(word, candidate);
    if (distance < best) {
      best = distance;
      answer = candidate;
    }
  }
  return answer;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates) {
  const std::string guess = nearest(word, candidates);
  return guess.empty() ? "" : "; did you mean '" + guess + "'?";
}

}  // namespace mlrun
