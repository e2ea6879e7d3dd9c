#include "data/cifar.h"

#include <doctest/doctest.h>

#include "data_folder.h"

namespace mlrun::data {
namespace {

// Pixel p of plane c is image * 100 + c * 10 + p % 7.
std::string record(int label, int image) {
  std::string bytes(1, static_cast<char>(label));
  for (int c = 0; c < 3; ++c) {
    for (int p = 0; p < 32 * 32; ++p) bytes += static_cast<char>(image * 100 + c * 10 + p % 7);
  }
  return bytes;
}

}  // namespace

TEST_CASE("cifar: planes become channels, classes have the names beside the file") {
  const DataFolder scratch;
  scratch.write("train.bin", record(2, 0) + record(0, 1));
  config::DatasetSpec spec;
  spec.source = "./train.bin";
  const Dataset numbered = open_dataset(spec, scratch.options(true));
  CHECK(numbered.rows == 2);
  CHECK(numbered.storage == Storage::kUint8);
  CHECK(numbered.shape == std::vector<int64_t>{32, 32, 3});
  CHECK(numbered.class_names == std::vector<std::string>{"0", "1", "2"});
  CHECK(std::vector(numbered.classes, numbered.classes + 2) == std::vector<int32_t>{2, 0});
  CHECK(numbered.test_begin == -1);
  CHECK(numbered.feature(0, 0) == 0);
  CHECK(numbered.feature(0, 1) == 10);
  CHECK(numbered.feature(1, 3 * 5 + 2) == 125);
  CHECK(open_dataset(spec, scratch.options(false)).values[0] == 2);
  scratch.write("batches.meta.txt", "cat\ndog\nship\n\n");
  spec.limit = 1;
  const Dataset named = open_dataset(spec, scratch.options(true));
  CHECK(named.rows == 1);
  CHECK(named.class_names == std::vector<std::string>{"cat", "dog", "ship"});
}

TEST_CASE("cifar: a manifest's files follow each other") {
  const DataFolder scratch;
  scratch.write("a.bin", record(0, 0));
  scratch.write("b.bin", record(1, 1));
  scratch.write("t.bin", record(1, 2));
  std::filesystem::create_directory(scratch.path() / "datasets");
  scratch.write("datasets/little.yaml",
                "name: little\nformat: cifar\ntrain: [{path: a.bin}, {path: b.bin}]\n"
                "test: [{path: t.bin}]\n");
  config::DatasetSpec spec;
  spec.source = "little";
  const Dataset d = open_dataset(spec, scratch.options(true));
  CHECK(d.rows == 3);
  CHECK(d.test_begin == 2);
  CHECK(d.feature(2, 0) == 200);
}

}  // namespace mlrun::data
