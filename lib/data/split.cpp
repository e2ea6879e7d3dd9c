#include "data/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>

#include "base/error.h"
#include "base/philox.h"
#include "base/source.h"
#include "data/folds.h"

namespace mlrun::data {
namespace {

constexpr const char* kValidation = "train.validation_split";

// Steps of the stream kSplit: each kind of split has its own numbers.
constexpr uint64_t kHoldOutStep = uint64_t{1} << 40;
constexpr uint64_t kRepeatStep = uint64_t{1} << 20;  // room for the classes of one repeat

[[noreturn]] void fail(const Mark& mark, const std::string& message) {
  throw InputError(render_error(mark, message));
}

std::vector<int32_t> at_rows(const int32_t* codes, std::span<const int64_t> rows) {
  std::vector<int32_t> chosen;
  for (const int64_t row : rows) chosen.push_back(codes[row]);
  return chosen;
}

// Positions by code, in the order of the codes.
std::map<int32_t, std::vector<int64_t>> members(const std::vector<int32_t>& codes) {
  std::map<int32_t, std::vector<int64_t>> result;
  for (size_t i = 0; i < codes.size(); ++i) result[codes[i]].push_back(static_cast<int64_t>(i));
  return result;
}

Split split_by(std::span<const int64_t> rows, const std::vector<bool>& is_test) {
  Split split;
  for (size_t i = 0; i < rows.size(); ++i) {
    (is_test[i] ? split.test : split.train).push_back(rows[i]);
  }
  return split;
}

// How to take a fraction of some rows.
struct Taking {
  double fraction = 0;
  bool stratify = false;
  std::optional<FoldOrder> order;  ///< at random; else the last ones
  Mark mark;                       ///< of what asks for it
};

// The last `count` positions, after a shuffle if there is an order.
void take(std::vector<int64_t> positions, int64_t count, const Taking& taking, uint64_t step,
          std::vector<bool>& taken) {
  if (taking.order) shuffle(positions, taking.order->stream, taking.order->step + step);
  for (auto p = positions.end() - count; p != positions.end(); ++p) {
    taken[static_cast<size_t>(*p)] = true;
  }
}

// Shares of `count` in proportion to the sizes, by largest remainder; ties to the first.
std::vector<int64_t> proportional(const std::map<int32_t, std::vector<int64_t>>& classes,
                                  int64_t rows, int64_t count) {
  std::vector<int64_t> shares;
  std::vector<std::pair<int64_t, size_t>> remainders;
  int64_t dealt = 0;
  for (const auto& [code, positions] : classes) {
    const int64_t exact = static_cast<int64_t>(positions.size()) * count;
    remainders.emplace_back(-(exact % rows), shares.size());
    shares.push_back(exact / rows);
    dealt += shares.back();
  }
  std::sort(remainders.begin(), remainders.end());
  for (size_t i = 0; dealt < count; ++i, ++dealt) ++shares[remainders[i].second];
  return shares;
}

void take_stratified(const std::vector<int32_t>& codes, int64_t count, const Taking& taking,
                     std::vector<bool>& taken) {
  const auto classes = members(codes);
  const auto shares = proportional(classes, static_cast<int64_t>(codes.size()), count);
  size_t k = 0;
  for (const auto& [code, positions] : classes) {
    take(positions, shares[k], taking, k + 1, taken);
    ++k;
  }
}

// Whole groups until at least `count` rows are taken.
void take_groups(const std::vector<int32_t>& codes, int64_t count, const Taking& taking,
                 std::vector<bool>& taken) {
  const auto groups = members(codes);
  std::vector<int64_t> order;
  for (const auto& [code, positions] : groups) order.push_back(code);
  if (order.size() < 2)
    fail(taking.mark, "cannot split the rows by group: there is only one group");
  if (taking.order) shuffle(order, taking.order->stream, taking.order->step);
  int64_t rows = 0;
  for (auto group = order.rbegin(); group + 1 != order.rend() && rows < count; ++group) {
    for (const int64_t p : groups.at(static_cast<int32_t>(*group))) {
      taken[static_cast<size_t>(p)] = true;
      ++rows;
    }
  }
}

// Without the training rows that share targets with test rows.
Split without_overlap(const Dataset& dataset, Split split) {
  if (!dataset.windows) return split;
  std::vector<bool> is_test(static_cast<size_t>(dataset.rows));
  for (const int64_t row : split.test) is_test[static_cast<size_t>(row)] = true;
  std::erase_if(split.train, [&](int64_t row) {
    const auto begin = is_test.begin() + std::max(row - dataset.windows->reach, int64_t{0});
    const auto end = is_test.begin() + std::min(row + dataset.windows->gap + 1, dataset.rows);
    return std::find(begin, end, true) != end;
  });
  return split;
}

Split take_fraction(const Dataset& dataset, std::span<const int64_t> rows, const Taking& taking,
                    const char* what) {
  const auto total = static_cast<int64_t>(rows.size());
  const auto count = static_cast<int64_t>(std::ceil(taking.fraction * static_cast<double>(total)));
  if (count >= total) {
    fail(taking.mark, fmt::format("{} leaves nothing of {} rows to train on", what, total));
  }
  std::vector<bool> taken(rows.size());
  if (dataset.groups) {
    take_groups(at_rows(dataset.groups, rows), count, taking, taken);
  } else if (taking.stratify) {
    take_stratified(at_rows(dataset.classes, rows), count, taking, taken);
  } else {
    std::vector<int64_t> positions(rows.size());
    std::iota(positions.begin(), positions.end(), 0);
    take(std::move(positions), count, taking, 0, taken);
  }
  Split split = split_by(rows, taken);
  std::sort(split.train.begin(), split.train.end());
  std::sort(split.test.begin(), split.test.end());
  split = without_overlap(dataset, std::move(split));
  if (split.train.empty()) {
    fail(taking.mark, fmt::format("{} leaves nothing of {} rows to train on", what, total));
  }
  return split;
}

// One class for each row, to keep the proportions of.
bool can_stratify(const Dataset& dataset) { return dataset.classes && dataset.label_width == 1; }

void check_classes(const Dataset& dataset, const config::CvSpec& spec,
                   std::span<const int64_t> rows) {
  const int64_t folds = spec.n_splits;
  const bool is_default = folds == config::CvSpec().n_splits && !spec.marks.of("n_splits").known();
  if (!can_stratify(dataset)) {
    fail(spec.marks.of(spec.stratify ? "stratify" : "strategy"),
         fmt::format("{} needs classes, but the target is a {}",
                     spec.stratify ? "cv.stratify" : "StratifiedKFold",
                     dataset.classes ? "sequence" : "number"));
  }
  for (const auto& [code, positions] : members(at_rows(dataset.classes, rows))) {
    const auto count = static_cast<int64_t>(positions.size());
    if (count >= folds) continue;
    fail(spec.marks.of("n_splits"),
         fmt::format("cv.n_splits is {}{}, but class '{}' has only {} row{}{}", folds,
                     is_default ? " unless it is set" : "",
                     dataset.class_names[static_cast<size_t>(code)], count, count == 1 ? "" : "s",
                     static_cast<int64_t>(rows.size()) < dataset.rows
                         ? fmt::format(" in the {} that are not held out", rows.size())
                         : ""));
  }
}

void check_groups(const Dataset& dataset, const config::CvSpec& spec,
                  std::span<const int64_t> rows) {
  if (!dataset.groups) {
    fail(spec.marks.of("strategy"), "GroupKFold needs dataset.group, the column of the groups");
  }
  const auto count = static_cast<int64_t>(members(at_rows(dataset.groups, rows)).size());
  if (count < spec.n_splits) {
    fail(spec.marks.of("n_splits"),
         fmt::format("cv.n_splits is {}, but there are only {} groups", spec.n_splits, count));
  }
}

void check(const Dataset& dataset, const config::CvSpec& spec, std::span<const int64_t> rows) {
  using config::SplitStrategy;
  const SplitStrategy strategy = spec.effective();
  const bool series = strategy == SplitStrategy::kTimeSeriesSplit;
  const auto count = static_cast<int64_t>(rows.size());
  const int64_t needed = series ? spec.n_splits + 1 : spec.n_splits;
  if (count < needed) {
    fail(spec.marks.of("n_splits"),
         fmt::format("cv.n_splits is {}, but there are only {} rows", spec.n_splits, count));
  }
  if (spec.shuffle && (series || strategy == SplitStrategy::kGroupKFold)) {
    fail(spec.marks.of("shuffle"), fmt::format("{} does not shuffle; leave cv.shuffle out",
                                               series ? "TimeSeriesSplit" : "GroupKFold"));
  }
  if (spec.shuffle && dataset.windows) {
    fail(spec.marks.of("shuffle"),
         "windows of a sequence are dealt to folds in blocks; leave cv.shuffle out");
  }
  if (spec.n_repeats > 1 && !spec.shuffle) {
    fail(spec.marks.of("n_repeats"), "cv.n_repeats without cv.shuffle would repeat the same folds");
  }
  if (spec.stratify && strategy != SplitStrategy::kStratifiedKFold) {
    fail(spec.marks.of("stratify"),
         "cv.stratify goes with KFold only; leave it out or choose another cv.strategy");
  }
  if (strategy == SplitStrategy::kStratifiedKFold) check_classes(dataset, spec, rows);
  if (strategy == SplitStrategy::kGroupKFold) check_groups(dataset, spec, rows);
}

std::vector<Split> time_series(std::span<const int64_t> rows, int64_t n_splits) {
  const auto count = static_cast<int64_t>(rows.size());
  const int64_t test_size = count / (n_splits + 1);
  std::vector<Split> splits;
  for (int64_t begin = count - n_splits * test_size; begin < count; begin += test_size) {
    const auto at = rows.begin() + begin;
    splits.push_back({{rows.begin(), at}, {at, at + test_size}});
  }
  return splits;
}

// The first rows of a series may all share targets with the test rows behind them.
void check_left(const config::CvSpec& spec, const std::vector<Split>& splits) {
  for (size_t fold = 0; fold < splits.size(); ++fold) {
    if (!splits[fold].train.empty()) continue;
    fail(spec.marks.of("n_splits"),
         fmt::format("cv.n_splits is {}, which leaves fold {} no row to train on that shares no "
                     "target with its test rows",
                     spec.n_splits, fold));
  }
}

std::vector<int32_t> deal(const Dataset& dataset, const config::CvSpec& spec,
                          std::span<const int64_t> rows, const std::optional<FoldOrder>& order) {
  using config::SplitStrategy;
  switch (spec.effective()) {
    case SplitStrategy::kStratifiedKFold:
      return stratified_k_fold(at_rows(dataset.classes, rows), spec.n_splits, order);
    case SplitStrategy::kGroupKFold:
      return group_k_fold(at_rows(dataset.groups, rows), spec.n_splits);
    default:
      return k_fold(static_cast<int64_t>(rows.size()), spec.n_splits, order);
  }
}

// As the source says; rows without a part are in neither.
Split own_split(const Dataset& dataset) {
  Split split;
  for (size_t row = 0; row < dataset.parts.size(); ++row) {
    const auto number = static_cast<int64_t>(row);
    if (dataset.parts[row] == Part::kTrain) split.train.push_back(number);
    if (dataset.parts[row] == Part::kTest) split.test.push_back(number);
  }
  return split;
}

void check_stratify(const Dataset& dataset, const config::HoldOutSpec& spec) {
  if (!spec.stratify) return;
  const Mark& mark = spec.marks.of("stratify");
  if (spec.test == 0) {
    fail(mark, "split.stratify needs split.test, the fraction of the rows that is held out");
  }
  if (!can_stratify(dataset)) {
    fail(mark, fmt::format("split.stratify needs classes, but the target is a {}",
                           dataset.classes ? "sequence" : "number"));
  }
  if (dataset.groups) {
    fail(mark,
         "split.stratify does not go with dataset.group, whose groups are held out as a whole; "
         "leave one of them out");
  }
}

}  // namespace

Split hold_out(const Dataset& dataset, const config::HoldOutSpec& spec, uint64_t seed) {
  check_stratify(dataset, spec);
  std::vector<int64_t> rows(static_cast<size_t>(dataset.rows));
  std::iota(rows.begin(), rows.end(), 0);
  if (spec.test == 0 && !dataset.parts.empty()) return own_split(dataset);
  if (spec.test == 0) {
    std::vector<bool> is_test(rows.size());
    if (dataset.test_begin >= 0)
      std::fill(is_test.begin() + dataset.test_begin, is_test.end(), true);
    return without_overlap(dataset, split_by(rows, is_test));
  }
  Taking taking{spec.test, spec.stratify, {}, spec.marks.of("test")};
  if (spec.shuffle && !dataset.windows) {
    taking.order = FoldOrder{PhiloxStream(seed, Purpose::kSplit), kHoldOutStep};
  }
  return take_fraction(dataset, rows, taking, "split.test");
}

std::vector<Split> cross_validation(const Dataset& dataset, const config::CvSpec& spec,
                                    std::span<const int64_t> rows, uint64_t seed) {
  check(dataset, spec, rows);
  if (spec.effective() == config::SplitStrategy::kTimeSeriesSplit) {
    std::vector<Split> splits = time_series(rows, spec.n_splits);
    for (Split& split : splits) split = without_overlap(dataset, std::move(split));
    check_left(spec, splits);
    return splits;
  }
  std::vector<Split> splits;
  for (int64_t repeat = 0; repeat < spec.n_repeats; ++repeat) {
    std::optional<FoldOrder> order;
    if (spec.shuffle) {
      order = FoldOrder{PhiloxStream(seed, Purpose::kSplit),
                        static_cast<uint64_t>(repeat) * kRepeatStep};
    }
    const std::vector<int32_t> fold_of = deal(dataset, spec, rows, order);
    for (int64_t fold = 0; fold < spec.n_splits; ++fold) {
      std::vector<bool> is_test;
      for (const int32_t f : fold_of) is_test.push_back(f == fold);
      splits.push_back(without_overlap(dataset, split_by(rows, is_test)));
    }
  }
  check_left(spec, splits);
  return splits;
}

Split validation_split(const Dataset& dataset, std::span<const int64_t> rows, double fraction,
                       uint64_t seed, uint32_t cell, uint32_t fold, const Mark& mark) {
  Taking taking{fraction, can_stratify(dataset) && !dataset.windows, {}, mark};
  if (!dataset.windows) {
    taking.order = FoldOrder{PhiloxStream(seed, Purpose::kSplit, cell, fold), 2 * kHoldOutStep};
  }
  return take_fraction(dataset, rows, taking, kValidation);
}

Split last_validation_split(const Dataset& dataset, std::span<const int64_t> rows, double fraction,
                            const Mark& mark) {
  return take_fraction(dataset, rows, {fraction, false, {}, mark}, kValidation);
}

}  // namespace mlrun::data
