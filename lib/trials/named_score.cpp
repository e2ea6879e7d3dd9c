#include "trials/named_score.h"

#include <algorithm>
#include <limits>

#include "train/scores.h"

namespace mlrun::trials {

void merge_names(std::vector<std::string>& all, const std::vector<std::string>& more) {
  auto behind = all.begin();
  for (const std::string& name : more) {
    const auto found = std::find(all.begin(), all.end(), name);
    behind = (found == all.end() ? all.insert(behind, name) : found) + 1;
  }
}

std::vector<std::string> score_names(const Search& search) {
  std::vector<std::string> all;
  for (const Cell& cell : search.cells) merge_names(all, train::score_names(cell.spec));
  return all;
}

NamedScore::NamedScore(const Search& search, std::string_view name) {
  for (const Cell& cell : search.cells) places_.push_back(train::score_place(cell.spec, name));
}

double NamedScore::of(int32_t cell, std::span<const double> values) const {
  const size_t place = places_.at(static_cast<size_t>(cell));
  return place < values.size() ? values[place] : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace mlrun::trials
