// Windows of texts and of tables, and how they are split.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "data/split.h"
#include "data/transform.h"
#include "data_folder.h"

namespace mlrun::data {
namespace {

config::WindowSpec window(int64_t look_back, int64_t horizon = 1,
                          std::optional<int64_t> stride = {}) {
  config::WindowSpec spec;
  spec.look_back = look_back;
  spec.horizon = horizon;
  spec.stride = stride;
  return spec;
}

Dataset open_text(const DataFolder& folder, const std::string& content,
                  const config::WindowSpec& spec) {
  folder.write("a.txt", content);
  config::DatasetSpec dataset;
  dataset.source = "./a.txt";
  dataset.format = config::FileFormat::kText;
  dataset.window = spec;
  return open_dataset(dataset, folder.options(true));
}

std::string text_of(const Dataset& dataset, int64_t row) {
  std::string text;
  for (int64_t t = 0; t < dataset.width(); ++t) {
    text += dataset.class_names[static_cast<size_t>(dataset.feature(row, t))];
  }
  return text;
}

std::string labels_of(const Dataset& dataset, int64_t row) {
  std::string text;
  for (int64_t t = 0; t < dataset.label_width; ++t) {
    text +=
        dataset.class_names[static_cast<size_t>(dataset.classes[row * dataset.label_width + t])];
  }
  return text;
}

constexpr const char* kSeries =
    "month,sold,price\n1,10,1\n2,20,2\n3,30,3\n4,40,4\n5,50,5\n6,60,6\n";

config::DatasetSpec series(const config::WindowSpec& spec) {
  config::DatasetSpec dataset;
  dataset.target = {"sold"};
  dataset.ignore = {"month"};
  dataset.window = spec;
  return dataset;
}

std::vector<float> row_of(const Dataset& dataset, int64_t row) {
  std::vector<float> values;
  for (int64_t c = 0; c < dataset.width(); ++c) values.push_back(dataset.feature(row, c));
  return values;
}

}  // namespace

TEST_CASE("text: rows of characters and the characters that follow") {
  const DataFolder folder;
  const Dataset dataset = open_text(folder, "abcäabcda", window(3));
  CHECK(dataset.class_names == std::vector<std::string>{"a", "b", "c", "d", "ä"});
  CHECK(dataset.rows == 2);
  CHECK(dataset.shape == std::vector<int64_t>{3});
  CHECK(text_of(dataset, 0) == "abc");
  CHECK(labels_of(dataset, 0) == "bcä");
  CHECK(text_of(dataset, 1) == "äab");
  CHECK(labels_of(dataset, 1) == "abc");
  const Dataset dense = open_text(folder, "abcäabcda", window(3, 1, 1));
  CHECK(dense.rows == 6);
  CHECK(text_of(dense, 5) == "bcd");
  CHECK(labels_of(dense, 5) == "cda");
}

TEST_CASE("text: one window is enough, and a stride beyond the rest leaves one") {
  const DataFolder folder;
  CHECK(open_text(folder, "abcd", window(3)).rows == 1);
  CHECK(open_text(folder, "abcdabcd", window(3, 1, 2147483647)).rows == 1);
  CHECK_THROWS_WITH_AS(open_text(folder, "abc", window(3)),
                       "error: 3 tokens of 'a.txt' are too few for windows of 3 and a next token",
                       InputError);
}

TEST_CASE("series: the past of the target with the features, and what comes next") {
  const DataFolder folder;
  const Dataset dataset = folder.open_csv(kSeries, series(window(2, 2)));
  CHECK(dataset.rows == 3);
  CHECK(dataset.shape == std::vector<int64_t>{2, 2});
  CHECK(row_of(dataset, 1) == std::vector<float>{20, 2, 30, 3});
  CHECK(dataset.target_names == std::vector<std::string>{"sold[t+1]", "sold[t+2]"});
  CHECK(dataset.values[2] == 40);
  CHECK(dataset.values[3] == 50);
  config::DatasetSpec alone = series(window(3));
  alone.ignore = {"month", "price"};
  const Dataset univariate = folder.open_csv(kSeries, alone);
  CHECK(univariate.shape == std::vector<int64_t>{3, 1});
  CHECK(row_of(univariate, 0) == std::vector<float>{10, 20, 30});
}

TEST_CASE("windows: rows that are to be predicted go on to the end of the series") {
  const DataFolder folder;
  const Dataset known = folder.open_csv(kSeries, series(window(2, 2)));
  OpenOptions options = folder.options();
  options.may_lack_target = true;
  config::DatasetSpec spec = series(window(2, 2));
  spec.source = "data.csv";
  const Dataset all = open_dataset(spec, options);
  REQUIRE(all.rows == known.rows + 2);
  for (int64_t row = 0; row < known.rows; ++row) CHECK(row_of(all, row) == row_of(known, row));
  CHECK(std::equal(known.values, known.values + 2 * known.rows, all.values));
  CHECK(all.values[2 * known.rows] == 60);
  for (int64_t i = 2 * known.rows + 1; i < 2 * all.rows; ++i) CHECK(std::isnan(all.values[i]));
  // A stride of 3 would end with row 4 of 6.
  spec.window->stride = 3;
  const Dataset wide = open_dataset(spec, options);
  REQUIRE(wide.rows == 3);
  CHECK(row_of(wide, 1) == std::vector<float>{40, 4, 50, 5});
  CHECK(row_of(wide, 2) == std::vector<float>{50, 5, 60, 6});
  const Dataset trained = folder.open_csv(kSeries, series(window(2, 1, 5)));
  CHECK(trained.rows == 1);
  CHECK(trained.windows->tail == std::vector<float>{40, 4, 50, 5, 60, 6});
}

TEST_CASE("windows: held out by position, without rows that share targets") {
  const DataFolder folder;
  const Dataset dense =
      open_text(folder, std::string(50, 'a') + std::string(53, 'b'), window(3, 1, 1));
  REQUIRE(dense.rows == 100);
  const Split split = hold_out(dense, {0.2, true, false, {}}, 7);
  CHECK(split.test.front() == 80);
  CHECK(split.train.back() == 77);  // its targets end at 80, those of row 80 start at 81
  const Split validation = validation_split(dense, split.train, 0.5, 7, 0, 0);
  CHECK(validation.test.front() == 39);
  CHECK(validation.train.back() == 36);
  config::CvSpec cv;
  cv.n_splits = 4;
  const std::vector<Split> folds = cross_validation(dense, cv, split.train, 7);
  CHECK(folds[1].test.front() == 20);
  CHECK(folds[1].test.back() == 39);
  CHECK(std::count(folds[1].train.begin(), folds[1].train.end(), 17) == 1);
  CHECK(std::count(folds[1].train.begin(), folds[1].train.end(), 18) == 0);
  CHECK(std::count(folds[1].train.begin(), folds[1].train.end(), 42) == 0);
  CHECK(std::count(folds[1].train.begin(), folds[1].train.end(), 43) == 1);
  cv.shuffle = true;
  CHECK_THROWS_WITH_AS(cross_validation(dense, cv, split.train, 7),
                       "error: windows of a sequence are dealt to folds in blocks; leave "
                       "cv.shuffle out",
                       InputError);
}

TEST_CASE("windows: what is missing is filled in alike in all steps; one window is enough") {
  const DataFolder folder;
  config::DatasetSpec spec = series(window(2));
  spec.impute = config::Impute::kMean;
  spec.standardize = {true, {}};
  const Dataset dataset =
      folder.open_csv("month,sold,price\n1,10,\n2,20,2\n3,30,6\n4,40,4\n", spec);
  REQUIRE(dataset.rows == 2);
  const Transform transform = Transform::fit(dataset, spec, std::vector<int64_t>{0, 1});
  std::vector<float> x(4);
  transform.gather(dataset, std::vector<int64_t>{0}, x.data());
  CHECK(x[1] == doctest::Approx(0));  // the mean of 2 and 6, of which all steps are scaled
  CHECK(x[3] == doctest::Approx(-1));
  const Dataset one = folder.open_csv("month,sold,price\n1,10,1\n2,20,2\n3,30,6\n", spec);
  CHECK(one.rows == 1);
}

TEST_CASE("windows: all steps are scaled alike, and the target for the loss alone") {
  const DataFolder folder;
  config::DatasetSpec spec = series(window(2));
  spec.standardize = {true, {}};
  spec.standardize_target = true;
  const Dataset dataset = folder.open_csv(kSeries, spec);
  const std::vector<int64_t> rows = {0, 1, 2};
  const Transform transform = Transform::fit(dataset, spec, rows);
  std::vector<float> x(4);
  transform.gather(dataset, std::vector<int64_t>{0}, x.data());
  const float deviation = std::sqrt(200.0f / 3);  // of 20, 30 and 40
  CHECK(x[0] == doctest::Approx(-20 / deviation));
  CHECK(x[2] == doctest::Approx(-10 / deviation));
  float y = 0;
  transform.targets().gather(dataset, std::vector<int64_t>{1}, &y);
  CHECK(y == doctest::Approx(0.0f));  // 40 of 30, 40 and 50
  y = 1;
  y = transform.targets().restore(0, y);
  CHECK(y == doctest::Approx(40 + deviation));
}

}  // namespace mlrun::data
