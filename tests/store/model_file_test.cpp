#include "store/model_file.h"

#include <doctest/doctest.h>

#include <bit>
#include <fstream>
#include <limits>

#include "base/error.h"
#include "base/file.h"
#include "scratch_folder.h"
#include "store/hdf5.h"

using namespace mlrun;
using namespace mlrun::store;

namespace {

// Floats of every kind, among them a NaN with a payload.
std::vector<float> odd_floats() {
  return {0.1f,
          -0.0f,
          std::numeric_limits<float>::denorm_min(),
          std::numeric_limits<float>::infinity(),
          std::bit_cast<float>(0x7fc12345u),
          -1e-38f};
}

ModelFile sample_model() {
  ModelFile model;
  model.config = "name: x\n";
  model.weights = {{"dense_1/kernel", {2, 3}, {1, 2, 3, 4, 5, 6}},
                   {"dense_1/bias", {3}, {0.1f, 0.2f, 0.3f}},
                   {"dense_0/kernel", {0, 4}, {}}};
  model.state = {{"adam/m/dense_1/kernel", {1}, {-1.5f}}, {"step", {}, {7}}};
  model.scalars = {{"epoch", 3}, {"best", 0.1}};
  model.texts = {{"classes", "[\"a\", \"b\"]"}, {"none", ""}};
  return model;
}

}  // namespace

TEST_CASE("model file: what is written comes back") {
  const ScratchFolder folder;
  const auto path = folder / "model.h5";
  write_model(path, sample_model());
  CHECK(read_model(path) == sample_model());
  write_model(path, ModelFile{});
  CHECK(read_model(path) == ModelFile{});
}

TEST_CASE("model file: every bit of a float is kept") {
  const ScratchFolder folder;
  const auto path = folder / "model.h5";
  ModelFile model;
  model.weights = {{"w", {6}, odd_floats()}};
  write_model(path, model);
  const std::vector<float> values = read_model(path).weights.at(0).values;
  REQUIRE(values.size() == odd_floats().size());
  for (size_t i = 0; i < values.size(); ++i) {
    CHECK(std::bit_cast<uint32_t>(values[i]) == std::bit_cast<uint32_t>(odd_floats()[i]));
  }
}

TEST_CASE("model file: damage is told, and who changes a file removes its checksum") {
  const ScratchFolder folder;
  const auto path = folder / "model.h5";
  write_model(path, sample_model());
  const std::string whole = read_file(path);
  const std::vector<float> kernel = sample_model().weights[0].values;
  const size_t at = whole.find({reinterpret_cast<const char*>(kernel.data()), 6 * sizeof(float)});
  REQUIRE(at != std::string::npos);
  for (size_t i = 0; i < 6 * sizeof(float); ++i) {
    std::string damaged = whole;
    damaged[at + i] = static_cast<char>(damaged[at + i] ^ 16);
    std::ofstream(path, std::ios::binary) << damaged;
    CHECK_THROWS_WITH_AS(read_model(path), doctest::Contains("does not hold what was written"),
                         Error);
  }
}

TEST_CASE("model file: errors") {
  const ScratchFolder folder;
  const auto path = folder / "model.h5";
  ModelFile wrong = sample_model();
  wrong.weights[0].shape = {2, 4};
  CHECK_THROWS_WITH_AS(write_model(path, wrong),
                       doctest::Contains("/weights/dense_1/kernel: 6 values for a shape of 8"),
                       Error);
  CHECK_FALSE(std::filesystem::exists(path));
  File::create(path).close();
  CHECK_THROWS_WITH_AS(read_model(path), doctest::Contains("/config: open data set: "), Error);
}
