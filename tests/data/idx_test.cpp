#include "data/idx.h"

#include <doctest/doctest.h>

#include "data_folder.h"

namespace mlrun::data {
namespace {

std::string big_endian(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

std::string images(uint32_t count, uint32_t height, uint32_t width) {
  std::string file = big_endian(0x803) + big_endian(count) + big_endian(height) + big_endian(width);
  for (uint32_t i = 0; i < count * height * width; ++i) file += static_cast<char>(i * 3);
  return file;
}

std::string labels(const std::string& codes) {
  return big_endian(0x801) + big_endian(static_cast<uint32_t>(codes.size())) + codes;
}

}  // namespace

TEST_CASE("idx: images stay bytes, labels become classes or numbers") {
  const DataFolder scratch;
  scratch.write("train-images-idx3-ubyte", images(3, 2, 5));
  scratch.write("train-labels-idx1-ubyte", labels({2, 0, 2}));
  config::DatasetSpec spec;
  spec.source = "train-images-idx3-ubyte";
  const Dataset d = open_dataset(spec, scratch.options(true));
  CHECK(d.rows == 3);
  CHECK(d.storage == Storage::kUint8);
  CHECK(d.shape == std::vector<int64_t>{2, 5});
  CHECK(d.width() == 10);
  CHECK(d.feature(1, 2) == 36);
  CHECK(d.class_names == std::vector<std::string>{"0", "1", "2"});
  CHECK(std::vector(d.classes, d.classes + 3) == std::vector<int32_t>{2, 0, 2});
  const Dataset numbers = open_dataset(spec, scratch.options(false));
  CHECK(numbers.values[2] == 2);
  CHECK(numbers.classes == nullptr);
  spec.limit = 2;
  CHECK(open_dataset(spec, scratch.options(true)).rows == 2);
}

TEST_CASE("idx: a manifest's test files follow the training rows") {
  const DataFolder scratch;
  scratch.write("a-images", images(3, 2, 2));
  scratch.write("a-labels", labels({1, 0, 1}));
  scratch.write("b-images", images(2, 2, 2));
  scratch.write("b-labels", labels({0, 1}));
  std::filesystem::create_directory(scratch.path() / "datasets");
  scratch.write("datasets/little.yaml",
                "name: little\nformat: idx\nshape: [1, 2, 2]\n"
                "train: [{path: a-images}, {path: a-labels}]\n"
                "test: [{path: b-images}, {path: b-labels}]\n");
  config::DatasetSpec spec;
  spec.source = "little";
  const Dataset d = open_dataset(spec, scratch.options(true));
  CHECK(d.name == "little");
  CHECK(d.rows == 5);
  CHECK(d.test_begin == 3);
  CHECK(d.shape == std::vector<int64_t>{1, 2, 2});
  CHECK(d.feature(3, 1) == 3);
}

}  // namespace mlrun::data
