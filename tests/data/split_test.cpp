// Splits. The fixed vectors are what scikit-learn 1.2.1 with numpy 1.24.2 gives.
#include "data/split.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "base/error.h"

namespace mlrun::data {
namespace {

using Rows = std::vector<int64_t>;
using Codes = std::vector<int32_t>;

const Codes kClasses = {2, 0, 0, 1, 2, 1, 0, 0, 2, 1, 0, 2, 1, 0, 0, 1, 2, 0, 0};

Rows all_rows(int64_t count) {
  Rows rows(static_cast<size_t>(count));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

Dataset with_rows(int64_t count) {
  Dataset dataset;
  dataset.rows = count;
  return dataset;
}

Dataset with_classes(const Codes& classes) {
  Dataset dataset = with_rows(static_cast<int64_t>(classes.size()));
  dataset.classes = classes.data();
  dataset.class_names = {"red", "green", "blue"};
  return dataset;
}

Dataset with_groups(const Codes& groups) {
  Dataset dataset = with_rows(static_cast<int64_t>(groups.size()));
  dataset.groups = groups.data();
  return dataset;
}

config::CvSpec cv(int64_t n_splits, config::SplitStrategy strategy) {
  config::CvSpec spec;
  spec.n_splits = n_splits;
  spec.strategy = strategy;
  return spec;
}

std::vector<Rows> tests_of(const Dataset& dataset, const config::CvSpec& spec, uint64_t seed = 1) {
  std::vector<Rows> tests;
  for (const Split& split : cross_validation(dataset, spec, all_rows(dataset.rows), seed)) {
    tests.push_back(split.test);
  }
  return tests;
}

Rows merged(const Split& split) {
  Rows rows;
  std::merge(split.train.begin(), split.train.end(), split.test.begin(), split.test.end(),
             std::back_inserter(rows));
  return rows;
}

}  // namespace

TEST_CASE("split: KFold equals scikit-learn's") {
  const auto spec = cv(3, config::SplitStrategy::kKFold);
  CHECK(tests_of(with_rows(10), spec) == std::vector<Rows>{{0, 1, 2, 3}, {4, 5, 6}, {7, 8, 9}});
  for (const Split& split : cross_validation(with_rows(10), spec, all_rows(10), 1)) {
    CHECK(merged(split) == all_rows(10));
  }
}

TEST_CASE("split: KFold deals the rows that it is given") {
  const Rows rows = {3, 4, 7, 9};
  const auto splits =
      cross_validation(with_rows(10), cv(2, config::SplitStrategy::kKFold), rows, 1);
  CHECK(splits[0].test == Rows{3, 4});
  CHECK(splits[0].train == Rows{7, 9});
}

TEST_CASE("split: StratifiedKFold equals scikit-learn's") {
  const std::vector<Rows> expected = {
      {0, 1, 2, 3, 4}, {5, 6, 7, 8, 10}, {9, 11, 12, 13, 14}, {15, 16, 17, 18}};
  CHECK(tests_of(with_classes(kClasses), cv(4, config::SplitStrategy::kStratifiedKFold)) ==
        expected);
  auto stratified = cv(4, config::SplitStrategy::kKFold);
  stratified.stratify = true;
  CHECK(tests_of(with_classes(kClasses), stratified) == expected);
}

TEST_CASE("split: GroupKFold equals scikit-learn's, also among groups of equal size") {
  const Codes few = {3, 1, 1, 4, 0, 3, 3, 5, 2, 2, 2, 4, 9, 7, 7};
  CHECK(tests_of(with_groups(few), cv(3, config::SplitStrategy::kGroupKFold)) ==
        std::vector<Rows>{{0, 1, 2, 5, 6}, {7, 8, 9, 10, 12}, {3, 4, 11, 13, 14}});
  Codes many;
  for (int i = 0; i < 60; ++i) many.push_back(i * 7 % 25);
  CHECK(tests_of(with_groups(many), cv(4, config::SplitStrategy::kGroupKFold)) ==
        std::vector<Rows>{{1, 6, 7, 14, 20, 21, 26, 31, 32, 39, 45, 46, 51, 56, 57},
                          {2, 3, 5, 12, 22, 24, 27, 28, 30, 37, 47, 49, 52, 53, 55},
                          {4, 9, 13, 15, 16, 17, 18, 29, 34, 38, 40, 41, 42, 43, 54, 59},
                          {0, 8, 10, 11, 19, 23, 25, 33, 35, 36, 44, 48, 50, 58}});
}

TEST_CASE("split: TimeSeriesSplit equals scikit-learn's") {
  const auto spec = cv(3, config::SplitStrategy::kTimeSeriesSplit);
  const auto splits = cross_validation(with_rows(11), spec, all_rows(11), 1);
  CHECK(tests_of(with_rows(11), spec) == std::vector<Rows>{{5, 6}, {7, 8}, {9, 10}});
  CHECK(splits[1].train == all_rows(7));
}

TEST_CASE("split: shuffled folds are partitions, repeats and seeds differ") {
  auto spec = cv(4, config::SplitStrategy::kKFold);
  spec.stratify = true;
  spec.shuffle = true;
  spec.n_repeats = 2;
  const Dataset dataset = with_classes(kClasses);
  const auto tests = tests_of(dataset, spec);
  REQUIRE(tests.size() == 8);
  Rows first_repeat;
  for (size_t k = 0; k < 4; ++k) {
    first_repeat.insert(first_repeat.end(), tests[k].begin(), tests[k].end());
    const auto reds = std::count_if(tests[k].begin(), tests[k].end(), [](int64_t row) {
      return kClasses[static_cast<size_t>(row)] == 0;
    });
    CHECK((reds == 2 || reds == 3));
  }
  std::sort(first_repeat.begin(), first_repeat.end());
  CHECK(first_repeat == all_rows(19));
  CHECK(tests[0] != tests[4]);
  CHECK(tests == tests_of(dataset, spec));
  CHECK(tests != tests_of(dataset, spec, 2));
}

TEST_CASE("split: cross-validation that cannot be") {
  const auto refuses = [](const Dataset& dataset, const config::CvSpec& spec, const char* text) {
    CHECK_THROWS_WITH_AS(cross_validation(dataset, spec, all_rows(dataset.rows), 1), text,
                         InputError);
  };
  using config::SplitStrategy;
  refuses(with_rows(3), cv(4, SplitStrategy::kKFold),
          "error: cv.n_splits is 4, but there are only 3 rows");
  refuses(with_classes(kClasses), cv(6, SplitStrategy::kStratifiedKFold),
          "error: cv.n_splits is 6, but class 'green' has only 5 rows");
  refuses(with_rows(9), cv(3, SplitStrategy::kStratifiedKFold),
          "error: StratifiedKFold needs classes, but the target is a number");
  refuses(with_rows(9), cv(3, SplitStrategy::kGroupKFold),
          "error: GroupKFold needs dataset.group, the column of the groups");
  refuses(with_groups({1, 1, 2, 2}), cv(3, SplitStrategy::kGroupKFold),
          "error: cv.n_splits is 3, but there are only 2 groups");
  auto spec = cv(2, SplitStrategy::kTimeSeriesSplit);
  spec.shuffle = true;
  refuses(with_rows(9), spec, "error: TimeSeriesSplit does not shuffle; leave cv.shuffle out");
  spec = cv(2, SplitStrategy::kKFold);
  spec.stratify = true;
  refuses(with_rows(9), spec, "error: cv.stratify needs classes, but the target is a number");
  spec.strategy = SplitStrategy::kGroupKFold;
  refuses(with_groups({1, 1, 2, 2}), spec,
          "error: cv.stratify goes with KFold only; leave it out or choose another cv.strategy");
  spec = cv(2, SplitStrategy::kKFold);
  spec.n_repeats = 2;
  refuses(with_rows(9), spec, "error: cv.n_repeats without cv.shuffle would repeat the same folds");
}

TEST_CASE("split: hold_out takes the source's test part, or a fraction") {
  Dataset dataset = with_rows(10);
  config::HoldOutSpec spec;
  CHECK(hold_out(dataset, spec, 1).test.empty());
  dataset.test_begin = 8;
  CHECK(hold_out(dataset, spec, 1).test == Rows{8, 9});
  CHECK(hold_out(dataset, spec, 1).train == all_rows(8));
  spec.test = 0.25;
  spec.shuffle = false;
  CHECK(hold_out(dataset, spec, 1).test == Rows{7, 8, 9});
  spec.shuffle = true;
  const Split split = hold_out(dataset, spec, 1);
  CHECK(split.test.size() == 3);
  CHECK(merged(split) == all_rows(10));
  CHECK(split.test != hold_out(dataset, spec, 2).test);
}

TEST_CASE("split: hold_out keeps class proportions") {
  config::HoldOutSpec spec;
  spec.test = 0.5;
  spec.stratify = true;
  const Split split = hold_out(with_classes(kClasses), spec, 3);
  std::vector<int> counts(3);
  for (const int64_t row : split.test)
    ++counts[static_cast<size_t>(kClasses[static_cast<size_t>(row)])];
  CHECK(counts == std::vector<int>{5, 3, 2});
}

TEST_CASE("split: hold_out refuses to stratify where it would not") {
  config::HoldOutSpec spec;
  spec.stratify = true;
  const auto refuses = [&](const Dataset& dataset, const char* text) {
    CHECK_THROWS_WITH_AS(hold_out(dataset, spec, 1), text, InputError);
  };
  refuses(with_classes(kClasses),
          "error: split.stratify needs split.test, the fraction of the rows that is held out");
  spec.test = 0.5;
  refuses(with_rows(9), "error: split.stratify needs classes, but the target is a number");
  Dataset dataset = with_classes(kClasses);
  dataset.groups = kClasses.data();
  refuses(dataset,
          "error: split.stratify does not go with dataset.group, whose groups are held out as a "
          "whole; leave one of them out");
}

TEST_CASE("split: validation rows come from the training rows, by group if there are groups") {
  const Rows rows = {0, 2, 3, 5, 8, 9, 11, 12};
  const Split plain = validation_split(with_rows(20), rows, 0.25, 1, 0, 0);
  CHECK(plain.test.size() == 2);
  CHECK(merged(plain) == rows);
  CHECK(plain.test != validation_split(with_rows(20), rows, 0.25, 1, 0, 1).test);
  const Codes groups = {0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3};
  const Split split = validation_split(with_groups(groups), all_rows(12), 0.3, 1, 0, 0);
  CHECK(split.test.size() == 6);
  std::set<int32_t> in_test;
  for (const int64_t row : split.test) in_test.insert(groups[static_cast<size_t>(row)]);
  for (const int64_t row : split.train) CHECK(in_test.count(groups[static_cast<size_t>(row)]) == 0);
  const Split last = last_validation_split(with_rows(20), rows, 0.25);
  CHECK(last.test == Rows{11, 12});
  CHECK(merged(last) == rows);
}

}  // namespace mlrun::data
