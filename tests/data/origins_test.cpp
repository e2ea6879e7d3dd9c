// Numbers that lie so far from zero that float32 alone would not tell them apart.
#include "data/table/origins.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "data/transform.h"
#include "data_folder.h"
#include "store/hdf5.h"

namespace mlrun::data {
namespace {

constexpr int kTimes = 1000;
constexpr double kFirstTime = 1700000000;

config::DatasetSpec y_of_times() {
  config::DatasetSpec spec;
  spec.target = {"y"};
  return spec;
}

// Steps of 5 s from `start`, every 10th row without a time, and what is near zero.
std::string times(double start, bool gaps = false) {
  std::string text = "t,x,y\n";
  for (int i = 0; i < kTimes; ++i) {
    const bool gap = gaps && i % 10 == 3;
    text += fmt::format("{},{},{}\n", gap ? "" : fmt::format("{:.0f}", start + 5 * i), i % 7, i);
  }
  return text;
}

double exact_value(const Dataset& dataset, int64_t row, int64_t column) {
  return dataset.columns[static_cast<size_t>(column)].origin +
         static_cast<double>(dataset.stored(row, column));
}

std::vector<int64_t> every_row(const Dataset& dataset) {
  std::vector<int64_t> rows;
  for (int64_t r = 0; r < dataset.rows; ++r) rows.push_back(r);
  return rows;
}

std::vector<float> gathered(const Transform& transform, const Dataset& dataset) {
  const auto rows = every_row(dataset);
  std::vector<float> out(rows.size() * static_cast<size_t>(transform.output_width()));
  transform.gather(dataset, rows, out.data());
  return out;
}

std::vector<float> fitted_to_all(const Dataset& dataset, const config::DatasetSpec& spec) {
  return gathered(Transform::fit(dataset, spec, every_row(dataset)), dataset);
}

// In units of a column that is scaled to about 1.
void check_same_scaled(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  float furthest = 0;
  for (size_t i = 0; i < a.size(); ++i) furthest = std::max(furthest, std::abs(a[i] - b[i]));
  CHECK(furthest < 1e-6f);
}

}  // namespace

TEST_CASE("origins: times keep their differences, other columns their bits") {
  const DataFolder scratch;
  const Dataset d = scratch.open_csv(times(kFirstTime), y_of_times());
  CHECK(d.columns[0].origin == doctest::Approx(kFirstTime + 2500));
  CHECK(d.columns[1].origin == 0);
  int wrong = 0;
  for (int i = 0; i < kTimes; ++i) {
    wrong += exact_value(d, i, 0) != kFirstTime + 5 * i ||
             d.stored(i, 1) != static_cast<float>(i % 7) || d.values[i] != static_cast<float>(i);
  }
  CHECK(wrong == 0);
  CHECK(d.feature(7, 0) == static_cast<float>(kFirstTime + 35));
}

TEST_CASE("origins: decimals, signs, exponents and gaps") {
  const DataFolder scratch;
  config::DatasetSpec spec = y_of_times();
  spec.missing.push_back("-999");
  const Dataset d = scratch.open_csv(
      "a,b,y\n-100000000.25,1e8,1\n-100000001.75,1.00000001e8,2\n-999,NA,3\n-1e8,"
      "\"100000002.5\",4\n+1.00000005e2,100000000.5,5\n",
      [&] {
        auto five = spec;
        five.limit = 4;
        return five;
      }());
  CHECK(d.columns[0].missing == 1);
  CHECK(exact_value(d, 0, 0) == -100000000.25);
  CHECK(exact_value(d, 1, 0) == -100000001.75);
  CHECK(std::isnan(d.stored(2, 0)));
  CHECK(exact_value(d, 3, 0) == -1e8);
  CHECK(exact_value(d, 1, 1) == 100000001);
  CHECK(exact_value(d, 3, 1) == 100000002.5);
}

TEST_CASE("origins: of a constant column only where differences may be hidden") {
  const auto origin = [](const std::string& cell) {
    const DataFolder scratch;
    return scratch.open_csv("a,x,y\n" + cell + ",1,1\n" + cell + ",2,2\n", y_of_times())
        .columns[0]
        .origin;
  };
  CHECK(origin("0") == 0);
  CHECK(origin("2008") == 0);
  CHECK(origin("1700000000") == 1.7e9f);
  CHECK(origin("0.1") == 0.1f);
  CHECK(origin("NA") == 0);
}

TEST_CASE("origins: what is learned and gathered is that of the same numbers near zero") {
  for (const bool gaps : {false, true}) {
    const DataFolder scratch;
    config::DatasetSpec spec = y_of_times();
    spec.impute = config::Impute::kMean;
    const Dataset far = scratch.open_csv(times(kFirstTime, gaps), spec);
    const DataFolder other;
    const Dataset near = other.open_csv(times(0, gaps), spec);
    REQUIRE(far.columns[0].origin != 0);
    REQUIRE(near.columns[0].origin == 0);
    for (const auto impute :
         {config::Impute::kMean, config::Impute::kMedian, config::Impute::kMostFrequent}) {
      spec.impute = impute;
      spec.min_max = {};
      spec.standardize.all = true;
      check_same_scaled(fitted_to_all(far, spec), fitted_to_all(near, spec));
      spec.standardize = {};
      spec.min_max.all = true;
      check_same_scaled(fitted_to_all(far, spec), fitted_to_all(near, spec));
    }
    spec.min_max = {};
    spec.impute = config::Impute::kMean;
    const std::vector<float> plain = fitted_to_all(far, spec);
    CHECK(plain[2 * 7] == static_cast<float>(kFirstTime + 35));
  }
}

TEST_CASE("origins: a model's transform fits data with another origin, or none") {
  const DataFolder scratch;
  config::DatasetSpec spec = y_of_times();
  spec.impute = config::Impute::kMean;
  spec.standardize.all = true;
  const Dataset d = scratch.open_csv(times(kFirstTime, true), spec);
  const Transform fitted = Transform::fit(d, spec, every_row(d));
  store::ModelFile model;
  fitted.save(d, model);
  CHECK(gathered(Transform::load(model, d, spec), d) == gathered(fitted, d));

  const DataFolder later;
  const Dataset other = later.open_csv(times(kFirstTime + 1000, true), spec);
  REQUIRE(other.columns[0].origin != d.columns[0].origin);
  std::vector<float> expected = gathered(fitted, d);
  expected.erase(expected.begin(), expected.begin() + 400);  // 200 rows later
  std::vector<float> got = gathered(Transform::load(model, other, spec), other);
  got.resize(expected.size());
  for (size_t i = 1; i < got.size(); i += 2) got[i] = expected[i];  // another column
  check_same_scaled(got, expected);

  const DataFolder zero;
  const Dataset none =
      zero.open_csv("t,x,y\n1700004995,1,1\n1.7e9,1,1\n0,1,1\n", spec);  // what float32 keeps of it
  REQUIRE(none.columns[0].origin == 0);
  CHECK(gathered(Transform::load(model, none, spec), none)[0] ==
        doctest::Approx(gathered(fitted, d)[2 * 999]).epsilon(0.1));

  OpenOptions options = later.options();
  options.may_lack_target = true;
  options.trained = trained_columns(model, 1);
  spec.source = "./data.csv";
  const Dataset read = open_dataset(spec, options);  // as the model has it: the same bits
  CHECK(read.columns[0].origin == d.columns[0].origin);
  CHECK(gathered(Transform::load(model, read, spec), read)[0] == gathered(fitted, d)[400]);
}

TEST_CASE("origins: a model's transform fits data in another unit") {
  const DataFolder scratch;
  config::DatasetSpec spec = y_of_times();
  spec.standardize.all = true;
  const Dataset d = scratch.open_csv(times(kFirstTime), spec);
  const Transform fitted = Transform::fit(d, spec, every_row(d));
  store::ModelFile model;
  fitted.save(d, model);
  std::string text = "t,x,y\n";  // milliseconds
  for (int i = 0; i < kTimes; ++i) {
    text += fmt::format("{:.0f},{},0\n", 1000 * (kFirstTime + 5 * i), i % 7 * 1000);
  }
  const DataFolder other;
  other.write("data.csv", text);
  OpenOptions options = other.options();
  options.may_lack_target = true;
  spec.source = "data.csv";
  spec.rescale = 0.001;
  for (const bool trained : {true, false}) {
    if (trained) options.trained = trained_columns(model, spec.rescale);
    if (!trained) options.trained.clear();
    const Dataset fine = open_dataset(spec, options);
    check_same_scaled(gathered(Transform::load(model, fine, spec), fine), gathered(fitted, d));
  }
}

TEST_CASE("origins: windows and hdf5 have them too") {
  const DataFolder scratch;
  config::DatasetSpec spec = y_of_times();
  spec.window = config::WindowSpec{.look_back = 4, .stride = {}};
  spec.standardize.all = true;
  const Dataset far = scratch.open_csv(times(kFirstTime), spec);
  const DataFolder other;
  check_same_scaled(fitted_to_all(far, spec), fitted_to_all(other.open_csv(times(0), spec), spec));

  store::File file = store::File::create(scratch.path() / "table.h5");
  std::vector<int64_t> t;
  std::vector<double> y;
  for (int i = 0; i < kTimes; ++i) {
    t.push_back(static_cast<int64_t>(kFirstTime) + 5 * i);
    y.push_back(i);
  }
  file.write<int64_t>("t", {kTimes}, t);
  file.write<double>("y", {kTimes}, y);
  file.close();
  spec = y_of_times();
  spec.source = "table.h5";
  const Dataset d = open_dataset(spec, scratch.options());
  int wrong = 0;
  for (int i = 0; i < kTimes; ++i) wrong += exact_value(d, i, 0) != kFirstTime + 5 * i;
  CHECK(wrong == 0);
}

TEST_CASE("origins: a target that float32 cannot hold is refused, a constant one is not") {
  const DataFolder scratch;
  std::string text = "x,y\n";
  for (int i = 0; i < 200; ++i) text += fmt::format("{},{}\n", i, 1e8 + i % 8 * 0.5);
  CHECK_THROWS_WITH_AS(
      scratch.open_csv(text, y_of_times()),
      ((scratch.path() / "data.csv").string() +
       ": error: target 'y' is between 100000000 and 100000003.5, but float32, in which targets "
       "are "
       "kept, has steps of 8 there; subtract a constant, such as 100000002, from it in the file")
          .c_str(),
      InputError);
  CHECK(scratch.open_csv("x,y\n1,0.1\n2,0.1\n", y_of_times()).values[1] == 0.1f);
  CHECK(scratch.open_csv("x,y\n1,100000001\n2,100000001\n", y_of_times()).rows == 2);
  CHECK(scratch.open_csv("x,y\n1,100000000\n2,100016000\n3,100032000\n", y_of_times()).rows == 3);
  OpenOptions predicted = scratch.options();
  predicted.may_lack_target = true;
  scratch.write("data.csv", text);
  config::DatasetSpec spec = y_of_times();
  spec.source = "data.csv";
  CHECK(open_dataset(spec, predicted).rows == 200);  // of rows to be predicted it is only shown
}

}  // namespace mlrun::data
