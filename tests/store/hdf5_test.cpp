#include "store/hdf5.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "scratch_folder.h"

using namespace mlrun;
using namespace mlrun::store;

namespace {

template <class T>
std::span<const T> view(const std::vector<T>& values) {
  return values;
}

template <class T>
void round_trip(const std::vector<T>& values) {
  const ScratchFolder folder;
  const auto path = folder / "a.h5";
  {
    File file = File::create(path);
    file.write("deep/er/x", {static_cast<int64_t>(values.size())}, view(values));
    file.close();
  }
  CHECK(File::open(path).array("deep/er/x").read<T>() == values);
}

}  // namespace

TEST_CASE("hdf5: every element type comes back exactly") {
  round_trip<float>({1.5f, -0.0f, std::numeric_limits<float>::denorm_min(), 3e38f});
  round_trip<double>({0.1, -1e308, std::numeric_limits<double>::infinity()});
  round_trip<int32_t>({std::numeric_limits<int32_t>::min(), 0, 7});
  round_trip<int64_t>({std::numeric_limits<int64_t>::min(), int64_t{1} << 53 | 1});
  round_trip<uint8_t>({0, 255});
  round_trip<double>({});
}

TEST_CASE("hdf5: a packed 2-D array is read by ranges of rows and converted") {
  const ScratchFolder folder;
  const auto path = folder / "a.h5";
  std::vector<float> values(5000 * 7);
  std::iota(values.begin(), values.end(), 0.0f);
  {
    File file = File::create(path);
    file.write("x", {5000, 7}, view(values));
    file.close();
  }
  CHECK(std::filesystem::file_size(path) < values.size() * sizeof(float) / 2);
  const File file = File::open(path);
  const Array array = file.array("x");
  CHECK(array.info().shape == Extent{5000, 7});
  CHECK(array.info().kind == ElementKind::kFloat);
  CHECK(array.info().element_bytes == 4);
  std::vector<double> rows(3 * 7);
  array.read_rows<double>(4997, 3, rows);
  CHECK(rows.front() == 4997.0 * 7);
  CHECK(rows.back() == 5000.0 * 7 - 1);
  CHECK(array.read<int64_t>().at(12345) == 12345);
  CHECK_THROWS_WITH_AS(array.read_rows<double>(4998, 3, rows),
                       doctest::Contains("rows 4998 to 5001 asked for, 5000 there"), Error);
}

TEST_CASE("hdf5: texts") {
  const ScratchFolder folder;
  const auto path = folder / "a.h5";
  const std::vector<std::string> texts = {"", "plain", "Größe μ", std::string(100000, 'x')};
  const std::vector<std::string> one = {"a: 1\nb: 2\n"};
  {
    File file = File::create(path);
    file.write_strings("t", {4}, texts);
    file.write_strings("config", {}, one);
    file.close();
  }
  const File file = File::open(path);
  CHECK(file.array("t").read_strings() == texts);
  CHECK(file.array("t").read_strings(1, 2) == std::vector<std::string>{"plain", "Größe μ"});
  CHECK(file.array("config").info().shape == Extent{});
  CHECK(file.array("config").read_strings() == one);
  CHECK_THROWS_WITH_AS(file.array("t").read<float>(), doctest::Contains("/t: not numeric"), Error);
}

TEST_CASE("hdf5: members and attributes keep their order") {
  const ScratchFolder folder;
  const auto path = folder / "a.h5";
  Attributes attributes = {{"z", 1.5},
                           {"a", int64_t{-3}},
                           {"text", std::string("Größe")},
                           {"empty", std::string()},
                           {"numbers", std::vector<double>{1, 0.1}},
                           {"counts", std::vector<int64_t>{}},
                           {"names", std::vector<std::string>{"x", ""}}};
  for (int i = 30; i > 0; --i) attributes.emplace_back("n" + std::to_string(i), int64_t{i});
  {
    File file = File::create(path);
    for (const auto& [name, value] : attributes) file.set_attribute(name, value);
    file.make_group("z/y");
    file.write("b", {1}, view(std::vector<double>{1}));
    file.make_group("a");
    file.close();
  }
  const File file = File::open(path);
  CHECK(file.attributes() == attributes);
  std::string names;
  for (const Group::Member& member : file.members()) {
    names += member.name + (member.is_group ? "/ " : " ");
  }
  CHECK(names == "z/ b a/ ");
  CHECK(file.contains("z/y"));
  CHECK(file.contains("/z/y"));
  CHECK_FALSE(file.contains("z/x"));
  CHECK_FALSE(file.contains("nowhere/x"));
}

TEST_CASE("hdf5: errors name the file, the object and the cause") {
  const ScratchFolder folder;
  const auto path = folder / "a.h5";
  const std::string name = path.string();
  File file = File::create(path);
  file.make_group("cells");
  CHECK_THROWS_WITH_AS(
      file.group("cells").array("rank"),
      ("'" + name + "' /cells/rank: open data set: object 'rank' doesn't exist").c_str(), Error);
  CHECK_THROWS_WITH_AS(file.write("x", {3}, view(std::vector<double>{1})),
                       ("'" + name + "' /x: 1 values for a shape of 3").c_str(), Error);
  CHECK_THROWS_WITH_AS(File::open(folder / "none.h5"),
                       doctest::Contains("No such file or directory"), Error);
  CHECK_THROWS_WITH_AS(File::open("/dev/null"), doctest::Contains("open '/dev/null': "), Error);
}
