#include "data/hdf5_import.h"

#include <doctest/doctest.h>

#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "data_folder.h"
#include "store/hdf5.h"

namespace mlrun::data {
namespace {

void write_table(const std::filesystem::path& path, const std::string& prefix) {
  store::File file = store::File::create(path);
  const std::vector<float> x = {1, 2, 3, 4, 5, NAN};
  const std::vector<int64_t> y = {7, 5, 7};
  const std::vector<std::string> kind = {"b", "a", "b"};
  file.write<float>(prefix + "x", {3, 2}, x);
  file.write<int64_t>(prefix + "y", {3}, y);
  file.write_strings(prefix + "kind", {3}, kind);
  file.close();
}

config::DatasetSpec table_h5() {
  config::DatasetSpec spec;
  spec.source = "table.h5";
  spec.target = {"y"};
  return spec;
}

}  // namespace

TEST_CASE("hdf5: arrays of the root, or of the only group, are columns") {
  for (const std::string prefix : {"", "table/"}) {
    CAPTURE(prefix);
    const DataFolder scratch;
    write_table(scratch.path() / "table.h5", prefix);
    config::DatasetSpec spec = table_h5();
    spec.features = {"x", "kind"};
    const Dataset d = open_dataset(spec, scratch.options(true));
    CHECK(d.rows == 3);
    REQUIRE(d.width() == 3);
    CHECK(d.columns[0].name == "x[0]");
    CHECK(d.columns[1].missing == 1);
    CHECK(d.columns[2].classes == std::vector<std::string>{"a", "b"});
    CHECK(d.feature(1, 0) == 3);
    CHECK(std::isnan(d.feature(2, 1)));
    CHECK(d.feature(0, 2) == 1);
    CHECK(d.class_names == std::vector<std::string>{"5", "7"});
    CHECK(std::vector(d.classes, d.classes + 3) == std::vector<int32_t>{1, 0, 1});
  }
}

TEST_CASE("hdf5: numbers that stand for missing ones") {
  const DataFolder scratch;
  write_table(scratch.path() / "table.h5", "");
  config::DatasetSpec spec = table_h5();
  spec.features = {"x"};
  spec.missing = {"NA", "3"};
  const Dataset d = open_dataset(spec, scratch.options(true));
  CHECK(d.columns[0].missing == 1);
  CHECK(std::isnan(d.feature(1, 0)));
}

TEST_CASE("hdf5: the only feature array gives the shape") {
  const DataFolder scratch;
  store::File file = store::File::create(scratch.path() / "table.h5");
  const std::vector<int64_t> x = {1, 2, 3, 4, 5, 6, 7, 8};
  const std::vector<double> y = {0.5, 1.5};
  file.write<int64_t>("x", {2, 2, 2}, x);
  file.write<double>("y", {2}, y);
  file.close();
  const Dataset d = open_dataset(table_h5(), scratch.options());
  CHECK(d.shape == std::vector<int64_t>{2, 2});
  CHECK(d.values[1] == 1.5f);
  CHECK(d.feature(1, 3) == 8);
}

TEST_CASE("hdf5: errors name the file") {
  const DataFolder scratch;
  const auto path = scratch.path() / "table.h5";
  write_table(path, "");
  config::DatasetSpec spec = table_h5();
  const auto refuses = [&](bool classify, const std::string& text) {
    const std::string whole = path.string() + ": error: " + text;
    CHECK_THROWS_WITH_AS(open_dataset(spec, scratch.options(classify)), whole.c_str(), InputError);
  };
  spec.target = {"color"};
  refuses(false, "no column 'color' for target; there are x[0], x[1], y, kind");
  spec.target = {"kind"};
  refuses(false,
          "target 'kind' holds text, but the loss wants numbers; a classification loss takes "
          "classes");
  spec.target = {"x[1]"};
  refuses(false, "row 2: the value of 'x[1]' is missing");
  store::File file = store::File::create(path);
  file.write<double>("x", {2}, std::vector<double>{1, 2});
  file.write<double>("y", {3}, std::vector<double>{1, 2, 3});
  file.close();
  refuses(false, "array 'y' has 3 rows, but 'x' has 2");
  file = store::File::create(path);
  file.write<double>("x", {2}, std::vector<double>{1, 2});
  file.write<int64_t>("y", {2}, std::vector<int64_t>{5, (int64_t{1} << 53) + 2});
  file.close();
  spec.target = {"y"};
  refuses(true,
          "row 1: 9007199254740994 of 'y' is not below 2^53, where not all numbers are told apart; "
          "store it as text");
}

TEST_CASE("hdf5: a file that is damaged is refused where the experiment names it") {
  const DataFolder scratch;
  const auto path = scratch.path() / "table.h5";
  write_table(path, "");
  const std::string whole = read_file(path);
  const auto refuses = [&](const std::string& bytes, const std::string& reason) {
    scratch.write("table.h5", bytes);
    config::DatasetSpec spec = table_h5();
    const auto text = std::make_shared<SourceText>(SourceText{"a.yaml", "source: table.h5"});
    spec.source_mark = {text, 1, 9};
    const std::string message = "a.yaml:1:9: error: '" + path.string() +
                                "' is damaged, or no HDF5 file (" + reason +
                                ")\nsource: table.h5\n        ^";
    CHECK_THROWS_WITH_AS(open_dataset(spec, scratch.options()), message.c_str(), InputError);
  };
  refuses("", "file signature not found");
  refuses("x,y\n1,2\n", "file signature not found");
  // The type of the floats: 32 bits from bit 0, of which 63 shall count.
  const std::string of_float("\x11\x20\x1f\x00\x04\x00\x00\x00\x00\x00\x20\x00", 12);
  const size_t at = whole.find(of_float);
  REQUIRE(at != std::string::npos);
  std::string wide = whole;
  wide[at + 10] = 63;
  refuses(wide, "numbers of 4 bytes, 63 bits of which count");
  // The extent 3 x 2, of eight bytes each.
  const std::string of_three("\x03\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00",
                             16);
  const size_t extent = whole.find(of_three);
  REQUIRE(extent != std::string::npos);
  std::string large = whole;
  large[extent + 13] = 1;
  refuses(large, "3.3e+12 elements in a file of " + std::to_string(whole.size()) + " bytes");
  std::string cut = whole;
  cut.resize(whole.size() / 2);
  scratch.write("table.h5", cut);
  CHECK_THROWS_AS(open_dataset(table_h5(), scratch.options()), InputError);
}

}  // namespace mlrun::data
