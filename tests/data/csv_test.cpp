// What a CSV file becomes.
#include "data/open.h"

#include <doctest/doctest.h>

#include <cmath>

#include "base/error.h"
#include "data_folder.h"

namespace mlrun::data {
namespace {

config::DatasetSpec with_target(const std::string& target) {
  config::DatasetSpec spec;
  spec.target = {target};
  return spec;
}

std::vector<float> features_of(const Dataset& dataset) {
  std::vector<float> all;
  for (int64_t r = 0; r < dataset.rows; ++r) {
    for (int64_t c = 0; c < dataset.width(); ++c) all.push_back(dataset.feature(r, c));
  }
  return all;
}

std::vector<std::string> names_of(const Dataset& dataset) {
  std::vector<std::string> names;
  for (const Column& column : dataset.columns) names.push_back(column.name);
  return names;
}

using Floats = std::vector<float>;
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("csv: header, numbers and a numeric target") {
  const DataFolder scratch;
  const Dataset d = scratch.open_csv("a,b,y\n1,2.5,3\n-4e-1,+5,6\n\n", with_target("y"));
  CHECK(d.rows == 2);
  CHECK(names_of(d) == Names{"a", "b"});
  CHECK(features_of(d) == Floats{1, 2.5, -0.4f, 5});
  CHECK(d.values[0] == 3);
  CHECK(d.values[1] == 6);
  CHECK(d.target_names == Names{"y"});
  CHECK(d.classes == nullptr);
  CHECK(d.shape == std::vector<int64_t>{2});
  CHECK(d.test_begin == -1);
  CHECK(d.name == "data");
  CHECK(d.sha256.size() == 64);
}

TEST_CASE("csv: no header, target by position from the end") {
  const DataFolder scratch;
  const Dataset d = scratch.open_csv("1,2,3\n4,5,6", with_target("-1"));
  CHECK(names_of(d) == Names{"0", "1"});
  CHECK(d.target_names == Names{"2"});
  CHECK(features_of(d) == Floats{1, 2, 4, 5});
}

TEST_CASE("csv: delimiters are guessed") {
  const DataFolder scratch;
  for (const std::string text :
       {"a;b\n1,5;2\n", "a\tb\n1\t2\n", " a  b\n 1   2 \n", "a , b\n1 , 2\n"}) {
    CAPTURE(text);
    config::DatasetSpec spec = with_target("b");
    spec.categorical = text[1] == ';' ? Names{"a"} : Names{};
    const Dataset d = scratch.open_csv(text, spec);
    CHECK(names_of(d) == Names{"a"});
    CHECK(d.values[0] == 2);
  }
}

TEST_CASE("csv: text classes are sorted, numeric classes by value") {
  const DataFolder scratch;
  const Dataset text = scratch.open_csv("x,y\n1,red\n2,blue\n3,red\n", with_target("y"), true);
  CHECK(text.class_names == Names{"blue", "red"});
  CHECK(std::vector(text.classes, text.classes + 3) == std::vector<int32_t>{1, 0, 1});
  const Dataset number =
      scratch.open_csv("x,y\n1,10\n2,9\n3,9.0e0\n4,-1\n", with_target("y"), true);
  CHECK(number.class_names == Names{"-1", "9", "10"});
  CHECK(std::vector(number.classes, number.classes + 4) == std::vector<int32_t>{2, 1, 1, 0});
}

TEST_CASE("csv: classes from 2^53 on are told apart by their texts") {
  const DataFolder scratch;
  const Dataset d = scratch.open_csv("x,y\n1,9007199254740993\n2,9007199254740992\n3,5\n",
                                     with_target("y"), true);
  CHECK(d.class_names == Names{"5", "9007199254740992", "9007199254740993"});
}

TEST_CASE("csv: text features become indices of sorted classes") {
  const DataFolder scratch;
  const Dataset d =
      scratch.open_csv("c,y\nwest,1\n\"ea\"\"st, far\",2\nNA,3\nwest,4\n", with_target("y"));
  CHECK(d.columns[0].classes == Names{"ea\"st, far", "west"});
  CHECK(d.columns[0].missing == 1);
  CHECK(d.feature(0, 0) == 1);
  CHECK(d.feature(1, 0) == 0);
  CHECK(std::isnan(d.feature(2, 0)));
  CHECK(d.feature(3, 0) == 1);
}

TEST_CASE("csv: missing values, also those that are numbers") {
  const DataFolder scratch;
  config::DatasetSpec spec = with_target("y");
  spec.missing.push_back("-999.0");
  const Dataset d = scratch.open_csv("a,b,y\n,1,0\n?,-999,0\n3,nan,0\r\n", spec);
  CHECK(std::isnan(d.feature(0, 0)));
  CHECK(std::isnan(d.feature(1, 0)));
  CHECK(std::isnan(d.feature(1, 1)));
  CHECK(std::isnan(d.feature(2, 1)));
  CHECK(d.columns[0].missing == 2);
  CHECK(d.columns[1].missing == 2);
}

TEST_CASE("csv: features, ignore, categorical, group and limit") {
  const DataFolder scratch;
  const std::string text = "id,g,a,b,y\n7,z,1,20,5\n8,k,2,3,6\n9,z,3,20,7\n10,k,4,x,8\n";
  config::DatasetSpec spec = with_target("y");
  spec.features = {"b", "a"};
  spec.categorical = {"b"};
  spec.group = "g";
  spec.limit = 3;
  const Dataset d = scratch.open_csv(text, spec);
  CHECK(d.rows == 3);
  CHECK(names_of(d) == Names{"b", "a"});
  CHECK(d.columns[0].classes == Names{"3", "20"});
  CHECK(features_of(d) == Floats{1, 1, 0, 2, 1, 3});
  CHECK(std::vector(d.groups, d.groups + 3) == std::vector<int32_t>{1, 0, 1});
  spec.features.clear();
  spec.ignore = {"id"};
  CHECK(names_of(scratch.open_csv(text, spec)) == Names{"a", "b"});
}

TEST_CASE("csv: several targets, in the order asked for") {
  const DataFolder scratch;
  config::DatasetSpec spec;
  spec.target = {"v", "u"};
  const Dataset d = scratch.open_csv("u,x,v\n1,2,3\n4,5,6\n", spec);
  CHECK(d.target_names == Names{"v", "u"});
  CHECK(std::vector(d.values, d.values + 4) == Floats{3, 1, 6, 4});
}

TEST_CASE("csv: without a target every column is a feature") {
  const DataFolder scratch;
  const Dataset d = scratch.open_csv("1,2\n3,4\n", {});
  CHECK(d.width() == 2);
  CHECK(d.target_width() == 0);
  CHECK(d.values == nullptr);
}

TEST_CASE("csv: a byte order mark and values below float's range") {
  const DataFolder scratch;
  const Dataset d = scratch.open_csv(
      "\xEF\xBB\xBF"
      "a,y\n1e-60,2\n",
      with_target("y"));
  CHECK(names_of(d) == Names{"a"});
  CHECK(d.feature(0, 0) == 0);
}

TEST_CASE("csv: a first line that counts rows and features, as in scikit-learn, is passed over") {
  const DataFolder scratch;
  config::DatasetSpec last;
  last.target = {"-1"};
  const Dataset iris =
      scratch.open_csv("3,2,setosa,virginica\n5.1,3.5,0\n4.9,3,0\n6,3,1\n", last, true);
  CHECK(iris.rows == 3);
  CHECK(iris.width() == 2);
  CHECK(iris.class_names == std::vector<std::string>{"0", "1"});
  CHECK(iris.feature(0, 0) == 5.1f);

  // Fewer cells than the rows have; more names than that would be no such line.
  const Dataset few = scratch.open_csv("2,3,a\n1,2,3,0\n4,5,6,1\n", last, true);
  CHECK(few.rows == 2);
  CHECK(few.width() == 3);

  // Names below it.
  config::DatasetSpec named;
  named.target = {"MEDV"};
  const Dataset boston = scratch.open_csv("2,1,\nCRIM,MEDV\n0.5,24\n0.25,21\n", named);
  CHECK(boston.rows == 2);
  CHECK(boston.columns[0].name == "CRIM");

  // Numbers that count nothing are a row.
  CHECK(scratch.open_csv("5,2,7\n1,2,3\n4,5,6\n", last).rows == 3);
  // `header: none` takes the file at its word.
  last.header = config::Header::kNone;
  CHECK(scratch.open_csv("2,2,7\n1,2,3\n4,5,6\n", last).rows == 3);
}

TEST_CASE("csv: lines and cells of any length") {
  const DataFolder scratch;
  const std::string long_cell(3 << 20, 'x');
  config::DatasetSpec spec = with_target("y");
  const Dataset d = scratch.open_csv("a,b,y\n1," + long_cell + ",3\n2,z,4\n", spec);
  CHECK(d.rows == 2);
  CHECK(d.columns[1].classes == Names{long_cell, "z"});
  std::string rows = "a,b,y\n";
  for (int i = 0; i < 2000; ++i) rows += "1,2,3\n";
  try {
    scratch.open_csv(rows + "1," + long_cell + ",3\n", spec);
    FAIL("a text among numbers is no number");
  } catch (const InputError& error) {
    const std::string text = error.what();
    const std::string shown = "'" + std::string(60, 'x') + "...' is not a number (column 'b')";
    CHECK(text.find("data.csv:2002:3: error: " + shown) != std::string::npos);
    CHECK(text.size() < 500);
  }
}

TEST_CASE("csv: many blocks keep their order, whatever the number of threads") {
  const DataFolder scratch;
  std::string text = "x,c,y\n";
  constexpr int kRows = 200000;  // several blocks of 1 MiB
  for (int i = 0; i < kRows; ++i) {
    text += std::to_string(i) + ",k" + std::to_string(i * 7919LL % 101) + "," +
            std::to_string(i % 7) + "\n";
  }
  scratch.write("big.csv", text);
  config::DatasetSpec spec = with_target("y");
  spec.source = "big.csv";
  for (const int threads : {1, 4}) {
    OpenOptions options = scratch.options();
    options.cache = scratch.path() / std::to_string(threads);
    options.threads = threads;
    const Dataset d = open_dataset(spec, options);
    REQUIRE(d.rows == kRows);
    CHECK(d.columns[1].classes.size() == 101);
    int wrong = 0;
    for (int i = 0; i < kRows; ++i) {
      const auto text_class = static_cast<size_t>(d.feature(i, 1));
      wrong += d.feature(i, 0) != static_cast<float>(i) ||
               d.values[i] != static_cast<float>(i % 7) ||
               d.columns[1].classes[text_class] != "k" + std::to_string(i * 7919LL % 101);
    }
    CHECK(wrong == 0);
  }
}

}  // namespace mlrun::data
