#include "data/tokens/pair_counts.h"

#include <algorithm>

namespace mlrun::data {

void PairCounts::add(std::vector<int32_t> pieces, int64_t count) {
  words_.push_back({std::move(pieces), count});
  this->count(words_.size() - 1, 1);
}

void PairCounts::count(size_t word, int64_t sign) {
  const std::vector<int32_t>& pieces = words_[word].pieces;
  for (size_t i = 0; i + 1 < pieces.size(); ++i) {
    if (pieces[i] < 0 || pieces[i + 1] < 0) continue;
    Entry& entry = pairs_[{pieces[i], pieces[i + 1]}];
    entry.count += sign * words_[word].count;
    if (sign > 0 && (entry.words.empty() || entry.words.back() != word)) {
      entry.words.push_back(word);
    }
  }
}

bool PairCounts::comes_first(const Pair& a, const Pair& b) const {
  const auto text = [&](int32_t piece) -> const std::string& {
    return names_[static_cast<size_t>(piece)];
  };
  if (a.first != b.first) return text(a.first) < text(b.first);
  return text(a.second) < text(b.second);
}

int32_t PairCounts::number(const std::string& name) {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found == names_.end()) {
    names_.push_back(name);
    return static_cast<int32_t>(names_.size()) - 1;
  }
  return static_cast<int32_t>(found - names_.begin());
}

bool PairCounts::join_most_frequent() {
  Pair best{-1, -1};
  int64_t most = 1;
  for (const auto& [pair, entry] : pairs_) {
    if (entry.count < most || entry.count < 2) continue;
    if (entry.count == most && !comes_first(pair, best)) continue;
    best = pair;
    most = entry.count;
  }
  if (best.first < 0) return false;
  const int32_t joint =
      number(names_[static_cast<size_t>(best.first)] + names_[static_cast<size_t>(best.second)]);
  const std::vector<size_t> words = std::move(pairs_[best].words);
  for (const size_t word : words) {
    count(word, -1);
    std::vector<int32_t>& pieces = words_[word].pieces;
    size_t end = 0;
    for (size_t i = 0; i < pieces.size(); ++i) {
      const bool here =
          i + 1 < pieces.size() && pieces[i] == best.first && pieces[i + 1] == best.second;
      pieces[end++] = here ? joint : pieces[i];
      if (here) ++i;
    }
    pieces.resize(end);
    count(word, 1);
  }
  pairs_.erase(best);
  return true;
}

}  // namespace mlrun::data
