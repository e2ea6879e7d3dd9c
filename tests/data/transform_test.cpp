// Expected numbers are those of scikit-learn's StandardScaler, MinMaxScaler and SimpleImputer.
#include "data/transform.h"

#include <doctest/doctest.h>

#include <cmath>

#include "base/error.h"
#include "data_folder.h"

namespace mlrun::data {
namespace {

using Floats = std::vector<float>;

constexpr const char* kTable = "a,b,c,y\n1,5,u,0\n2,5,w,0\n6,5,v,0\n100,7,u,0\n";

config::DatasetSpec target_y() {
  config::DatasetSpec spec;
  spec.target = {"y"};
  return spec;
}

Floats transformed(const Dataset& dataset, const config::DatasetSpec& spec,
                   const std::vector<int64_t>& fit, const std::vector<int64_t>& rows) {
  const Transform transform = Transform::fit(dataset, spec, fit);
  Floats out(rows.size() * static_cast<size_t>(transform.output_width()));
  transform.gather(dataset, rows, out.data());
  return out;
}

void check_near(const Floats& got, const Floats& expected) {
  REQUIRE(got.size() == expected.size());
  for (size_t i = 0; i < got.size(); ++i) CHECK(got[i] == doctest::Approx(expected[i]));
}

}  // namespace

TEST_CASE("transform: standardize on the training rows; a constant column is only shifted") {
  const DataFolder scratch;
  config::DatasetSpec spec = target_y();
  spec.ignore = {"c"};
  spec.standardize.all = true;
  const Dataset d = scratch.open_csv(kTable, spec);
  // a: mean 3, population variance 14 / 3
  const float s = std::sqrt(14.0f / 3);
  check_near(transformed(d, spec, {0, 1, 2}, {2, 3, 0}), {3 / s, 0, 97 / s, 2, -2 / s, 0});
  spec.rescale = 10;
  check_near(transformed(d, spec, {0, 1, 2}, {2, 3}), {3 / s, 0, 97 / s, 20});
}

TEST_CASE("transform: min_max of named columns, rescale of the others") {
  const DataFolder scratch;
  config::DatasetSpec spec = target_y();
  spec.ignore = {"c"};
  spec.min_max.columns = {"a"};
  spec.rescale = 0.5;
  const Dataset d = scratch.open_csv(kTable, spec);
  check_near(transformed(d, spec, {0, 1, 2}, {0, 1, 3}), {0, 2.5, 0.2f, 2.5, 19.8f, 3.5});
}

TEST_CASE("transform: text columns become one-hot, or stay indices") {
  const DataFolder scratch;
  config::DatasetSpec spec = target_y();
  spec.features = {"c", "b"};
  const Dataset d = scratch.open_csv(kTable, spec);
  check_near(transformed(d, spec, {0}, {0, 1, 2}), {1, 0, 0, 5, 0, 0, 1, 5, 0, 1, 0, 5});
  CHECK(sample_shape(d, spec) == std::vector<int64_t>{4});
  spec.one_hot = false;
  check_near(transformed(d, spec, {0}, {0, 1, 2}), {0, 5, 2, 5, 1, 5});
}

TEST_CASE("transform: missing values are imputed from the training rows") {
  const DataFolder scratch;
  config::DatasetSpec spec = target_y();
  const Dataset d = scratch.open_csv("a,c,y\n1,u,0\n4,v,0\n4,v,0\n,,0\n90,u,0\n", spec);
  const std::vector<int64_t> fit = {0, 1, 2, 3};
  spec.impute = config::Impute::kMean;
  check_near(transformed(d, spec, fit, {3}), {3, 0, 1});
  spec.impute = config::Impute::kMedian;
  check_near(transformed(d, spec, {0, 1, 3}, {3}), {2.5, 1, 0});
  spec.impute = config::Impute::kMostFrequent;
  check_near(transformed(d, spec, fit, {3, 4}), {4, 0, 1, 90, 1, 0});
}

TEST_CASE("transform: scaling sees the imputed values, as after a SimpleImputer") {
  const DataFolder scratch;
  config::DatasetSpec spec = target_y();
  spec.impute = config::Impute::kMostFrequent;
  spec.standardize.all = true;
  const Dataset d = scratch.open_csv("a,y\n1,0\n1,0\n4,0\n,0\n", spec);
  // 1, 1, 4, 1: mean 1.75, population variance 1.6875
  check_near(transformed(d, spec, {0, 1, 2, 3}, {2, 3}),
             {2.25f / std::sqrt(1.6875f), -0.75f / std::sqrt(1.6875f)});
}

TEST_CASE("transform: rows of norm 1, after everything else") {
  const DataFolder scratch;
  config::DatasetSpec spec = target_y();
  const Dataset d = scratch.open_csv("a,b,y\n3,-4,0\n0,0,0\n", spec);
  spec.rescale = 10;
  spec.normalize = config::Normalize::kL1;
  check_near(transformed(d, spec, {0, 1}, {0, 1}), {3.0f / 7, -4.0f / 7, 0, 0});
  spec.normalize = config::Normalize::kL2;
  check_near(transformed(d, spec, {0, 1}, {1, 0}), {0, 0, 0.6f, -0.8f});
  spec.normalize = config::Normalize::kMax;
  check_near(transformed(d, spec, {0, 1}, {0}), {0.75f, -1});
}

TEST_CASE("transform: bytes") {
  const std::vector<uint8_t> bytes = {0, 255, 51, 102};
  Dataset d;
  d.rows = 2;
  d.columns = {{"p", {}, 0}, {"q", {}, 0}};
  d.storage = Storage::kUint8;
  d.features = bytes.data();
  d.shape = {2};
  config::DatasetSpec spec;
  spec.rescale = 1.0 / 255;
  check_near(transformed(d, spec, {0, 1}, {1, 0}), {0.2f, 0.4f, 0, 1});
  spec.min_max.all = true;
  check_near(transformed(d, spec, {0, 1}, {1, 0}), {1, 0, 0, 1});
}

TEST_CASE("transform: errors") {
  const DataFolder scratch;
  config::DatasetSpec spec = target_y();
  const Dataset d = scratch.open_csv("width,c,y\n1,u,0\n,v,0\n", spec);
  const auto refuses = [&](const char* text) {
    CHECK_THROWS_WITH_AS(Transform::fit(d, spec, std::vector<int64_t>{0}), text, InputError);
  };
  refuses(
      "error: column 'width' has 1 missing values, the first in row 1 (from 0); set dataset.impute "
      "to mean, median or most_frequent");
  spec.impute = config::Impute::kMean;
  spec.standardize.columns = {"widht"};
  refuses("error: no feature 'widht' for standardize; did you mean 'width'?");
  spec.standardize.columns = {"c"};
  refuses("error: standardize of 'c': it is a text column and becomes one-hot");
  spec.standardize.columns = {"width"};
  spec.min_max.all = true;
  refuses("error: column 'width' is in standardize and in min_max");
  CHECK_THROWS_WITH_AS(Transform::fit(d, target_y(), std::vector<int64_t>{0}),
                       "error: column 'width' has 1 missing values, the first in row 1 (from 0); "
                       "set dataset.impute to mean, median or most_frequent",
                       InputError);
  config::DatasetSpec shaped = target_y();
  shaped.shape = {2, 2};
  CHECK_THROWS_WITH_AS(sample_shape(d, shaped),
                       "error: shape [2, 2] holds 4 elements, but a sample has 3 features",
                       InputError);
}

}  // namespace mlrun::data
