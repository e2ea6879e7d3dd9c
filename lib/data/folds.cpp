#include "data/folds.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "data/numpy_argsort.h"

namespace mlrun::data {
namespace {

// Values as 0, 1, ... in the order in which they first appear.
std::vector<int32_t> by_appearance(std::span<const int32_t> values, size_t& distinct) {
  std::map<int32_t, int32_t> code;
  std::vector<int32_t> codes;
  for (const int32_t value : values) {
    codes.push_back(code.emplace(value, static_cast<int32_t>(code.size())).first->second);
  }
  distinct = code.size();
  return codes;
}

// Values as 0, 1, ... in ascending order.
std::vector<int32_t> by_value(std::span<const int32_t> values, size_t& distinct) {
  std::map<int32_t, int32_t> code;
  for (const int32_t value : values) code[value] = 0;
  int32_t next = 0;
  for (auto& [value, rank] : code) rank = next++;
  distinct = code.size();
  std::vector<int32_t> codes;
  for (const int32_t value : values) codes.push_back(code[value]);
  return codes;
}

std::vector<int64_t> count_codes(const std::vector<int32_t>& codes, size_t distinct) {
  std::vector<int64_t> counts(distinct);
  for (const int32_t code : codes) ++counts[static_cast<size_t>(code)];
  return counts;
}

// The folds of the members of one class, in blocks. If all classes were sorted into one row and
// dealt round robin, this class would begin at `first` of that row.
std::vector<int64_t> deal_class(int64_t first, int64_t count, int64_t folds) {
  std::vector<int64_t> dealt;
  for (int64_t i = 0; i < count; ++i) dealt.push_back((first + i) % folds);
  std::sort(dealt.begin(), dealt.end());
  return dealt;
}

}  // namespace

std::vector<int32_t> k_fold(int64_t count, int64_t folds, const std::optional<FoldOrder>& order) {
  std::vector<int64_t> positions(static_cast<size_t>(count));
  std::iota(positions.begin(), positions.end(), 0);
  if (order) shuffle(positions, order->stream, order->step);
  std::vector<int32_t> fold_of(positions.size());
  size_t next = 0;
  for (int64_t fold = 0; fold < folds; ++fold) {
    const int64_t size = count / folds + (fold < count % folds ? 1 : 0);
    for (int64_t i = 0; i < size; ++i) {
      fold_of[static_cast<size_t>(positions[next++])] = static_cast<int32_t>(fold);
    }
  }
  return fold_of;
}

std::vector<int32_t> stratified_k_fold(std::span<const int32_t> classes, int64_t folds,
                                       const std::optional<FoldOrder>& order) {
  size_t distinct = 0;
  const std::vector<int32_t> codes = by_appearance(classes, distinct);
  const std::vector<int64_t> counts = count_codes(codes, distinct);
  std::vector<std::vector<int64_t>> dealt;
  int64_t first = 0;
  for (size_t k = 0; k < distinct; ++k) {
    dealt.push_back(deal_class(first, counts[k], folds));
    if (order) shuffle(dealt.back(), order->stream, order->step + k);
    first += counts[k];
  }
  std::vector<size_t> next(distinct);
  std::vector<int32_t> fold_of;
  for (const int32_t code : codes) {
    const auto k = static_cast<size_t>(code);
    fold_of.push_back(static_cast<int32_t>(dealt[k][next[k]++]));
  }
  return fold_of;
}

std::vector<int32_t> group_k_fold(std::span<const int32_t> groups, int64_t folds) {
  size_t distinct = 0;
  const std::vector<int32_t> codes = by_value(groups, distinct);
  const std::vector<int64_t> counts = count_codes(codes, distinct);
  std::vector<int64_t> ascending = numpy_argsort(counts);
  std::vector<int64_t> size(static_cast<size_t>(folds));
  std::vector<int32_t> fold_of_group(distinct);
  for (auto group = ascending.rbegin(); group != ascending.rend(); ++group) {
    const auto lightest = std::min_element(size.begin(), size.end());
    *lightest += counts[static_cast<size_t>(*group)];
    fold_of_group[static_cast<size_t>(*group)] = static_cast<int32_t>(lightest - size.begin());
  }
  std::vector<int32_t> fold_of;
  for (const int32_t code : codes) fold_of.push_back(fold_of_group[static_cast<size_t>(code)]);
  return fold_of;
}

}  // namespace mlrun::data
