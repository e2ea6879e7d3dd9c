// train.initial_weights and trainable: what is taken from another run, what not, and what stays.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>

#include "base/file.h"
#include "scratch_folder.h"
#include "store/model_file.h"
#include "trials/program.h"

using namespace mlrun;
using test::run_program;

namespace {

constexpr const char* kFirst = R"(
name: first
dataset: {generate: {make_moons: {n_samples: 200}}, standardize: true}
model:
  - Dense: {units: 4, activation: tanh, name: hidden}
  - BatchNormalization: {name: norm}
  - Dense: {units: 2, name: head}
train: {target: input, loss: mse, optimizer: Adam, epochs: 2}
)";

constexpr const char* kSecond = R"(
name: second
seed: 5
dataset: {generate: {make_moons: {n_samples: 200}}, standardize: true}
model:
  - Dense: {units: 4, activation: tanh, name: hidden, kernel_regularizer: L2}
  - BatchNormalization: {name: norm}
  - Dense: {units: 1, activation: sigmoid, name: classes}
train:
  loss: binary_crossentropy
  optimizer: Adam
  epochs: 2
  initial_weights: first/model.h5
cv: {n_splits: 2}
)";

class WeightsFolder {
 public:
  WeightsFolder() {
    std::ofstream(folder_ / "first.yaml") << kFirst;
    std::ofstream(folder_ / "second.yaml") << kSecond;
    REQUIRE(run({"train", at("first.yaml"), "-o", at("first")}) == 0);
  }

  int run(std::vector<std::string> words) { return run_program(std::move(words), folder_ / "log"); }

  int second(const std::string& verb, std::vector<std::string> more) {
    std::vector<std::string> words = {verb, at("second.yaml")};
    if (verb != "check") words.insert(words.end(), {"-o", at("second")});
    words.insert(words.end(), more.begin(), more.end());
    return run(std::move(words));
  }

  std::string at(const char* name) const { return (folder_ / name).string(); }
  std::string log() const { return read_file(folder_ / "log"); }
  bool says(const char* text) const { return log().find(text) != std::string::npos; }

  std::vector<float> weight(const char* run, const std::string& name) const {
    const store::ModelFile model = store::read_model(folder_ / run / "model.h5");
    for (const store::NamedArray& array : model.weights) {
      if (array.name == name) return array.values;
    }
    return {};
  }

 private:
  ScratchFolder folder_;
};

}  // namespace

TEST_CASE("initial weights: layers of the same name start from them, the others afresh") {
  WeightsFolder folder;
  REQUIRE(folder.second("check", {}) == 0);
  CHECK(
      folder.says("initial weights: 6 of 8 taken\n"
                  "  taken: hidden/kernel, hidden/bias, norm/gamma, norm/beta, norm/moving_mean, "
                  "norm/moving_variance\n"
                  "  not in the file: classes/kernel, classes/bias\n"
                  "  left in the file: head/kernel, head/bias\n"));
  CHECK(folder.second("train", {}) == 0);
  CHECK(folder.says("initial weights: 6 of 8 taken"));
}

TEST_CASE("initial weights: what is not trainable stays, moving moments too") {
  WeightsFolder folder;
  REQUIRE(folder.second("train",
                        {"cv=null", "model.0.trainable=false", "model.1.trainable=false"}) == 0);
  for (const char* name : {"hidden/kernel", "hidden/bias", "norm/gamma", "norm/moving_mean"}) {
    CHECK(folder.weight("second", name) == folder.weight("first", name));
  }
  CHECK(folder.second("train", {"cv=null", "model.1.trainable=false", "--overwrite"}) == 0);
  CHECK(folder.weight("second", "hidden/kernel") != folder.weight("first", "hidden/kernel"));
  CHECK(folder.weight("second", "norm/beta") == folder.weight("first", "norm/beta"));
}

TEST_CASE("initial weights: they are part of what makes an experiment") {
  WeightsFolder folder;
  REQUIRE(folder.second("train", {}) == 0);
  REQUIRE(folder.run({"train", folder.at("first.yaml"), "-o", folder.at("first"), "--overwrite"}) ==
          0);
  CHECK(folder.second("train", {}) == 0);
  REQUIRE(folder.run({"train", folder.at("first.yaml"), "seed=9", "-o", folder.at("first"),
                      "--overwrite"}) == 0);
  CHECK(folder.second("train", {}) == 2);
  CHECK(folder.says("holds the results of another experiment"));
}

TEST_CASE("initial weights: another shape and another model are errors where they stand") {
  WeightsFolder folder;
  CHECK(folder.second("check", {"model.0.units=8"}) == 2);
  CHECK(
      folder.says("second.yaml:6:5: error: initial_weights holds 'hidden/kernel' as (2, 4), but "
                  "here it is (2, 8); a layer of another name starts afresh\n"));
  CHECK(folder.says("norm/gamma' as (4), but here it is (8)"));
  CHECK(folder.second("check", {"model={Dense: {units: 1, activation: sigmoid}}"}) == 2);
  CHECK(
      folder.says("initial_weights holds no weight of this model, which has dense/kernel, "
                  "dense/bias; it holds hidden/kernel, hidden/bias"));
}
