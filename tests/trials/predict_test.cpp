// mlrun predict: codes, anomaly scores and samples of trained models.
#include <doctest/doctest.h>

#include <fstream>

#include "base/file.h"
#include "scratch_folder.h"
#include "store/hdf5.h"
#include "trials/program.h"

using namespace mlrun;
using test::run_program;

namespace {

constexpr const char* kAutoencoder = R"(
name: code
dataset: {generate: {make_moons: {n_samples: 1500, noise: 0.1}}, standardize: true}
model:
  - Dense: {units: 2, activation: tanh, name: code}
  - Dense: 2
train: {target: input, loss: mse, optimizer: Adam, epochs: 2}
)";

constexpr const char* kGan = R"(
name: gan
dataset: {generate: {make_moons: {n_samples: 300}}}
model:
  GAN: {latent: 3, conditional: true, generator: [Dense: 2], discriminator: [Dense: 1]}
train: {loss: non_saturating, optimizer: Adam, epochs: 1}
)";

class Folder {
 public:
  explicit Folder(const char* text) { std::ofstream(folder_ / "run.yaml") << text; }

  int run(std::vector<std::string> words) {
    words.insert(words.begin() + 1, (folder_ / "run.yaml").string());
    return run_program(std::move(words), folder_ / "log");
  }
  std::string at(const char* name) const { return (folder_ / name).string(); }
  std::string log() const { return read_file(folder_ / "log"); }

 private:
  ScratchFolder folder_;
};

}  // namespace

TEST_CASE("predict: a layer's output becomes the features of another experiment") {
  Folder folder(kAutoencoder);
  REQUIRE(folder.run({"train", "-o", folder.at("out")}) == 0);
  const std::string model = folder.at("out/model.h5");
  REQUIRE(folder.run(
              {"predict", "--model", model, "--layer", "code", "-o", folder.at("code.h5")}) == 0);
  const store::File file = store::File::open(folder.at("code.h5"));
  CHECK(file.array("code").info().shape == store::Extent{1500, 2});
  CHECK(file.array("label").read_strings().size() == 1500);
  std::ofstream(folder.at("probe.yaml")) << R"(
dataset: {source: ./code.h5, target: label, features: [code]}
model: [Dense: {units: 1, activation: sigmoid}]
train: {loss: binary_crossentropy, optimizer: Adam, epochs: 2, metrics: [accuracy]}
)";
  CHECK(run_program({"train", folder.at("probe.yaml"), "-o", folder.at("probe")},
                    folder.at("log")) == 0);
}

TEST_CASE("predict: rows are scored by their reconstruction error; a layer must be there") {
  Folder folder(kAutoencoder);
  REQUIRE(folder.run({"train", "-o", folder.at("out")}) == 0);
  const std::string model = folder.at("out/model.h5");
  REQUIRE(folder.run({"predict", "--model", model, "-o", folder.at("score.h5")}) == 0);
  const store::File file = store::File::open(folder.at("score.h5"));
  CHECK(file.array("score").info().shape == store::Extent{1500});
  CHECK(folder.run({"predict", "--model", model, "--layer", "cod", "-o", folder.at("x.h5")}) == 2);
  CHECK(folder.log().find("no layer 'cod'; did you mean 'code'?") != std::string::npos);
  CHECK(folder.run({"predict", "--model", folder.at("no.h5"), "-o", folder.at("x.h5")}) == 2);
  CHECK(folder.run({"predict", "model.0.units=3", "--model", model, "-o", folder.at("x.h5")}) == 1);
}

TEST_CASE("predict: samples of a conditional GAN, with their classes in turn") {
  Folder folder(kGan);
  REQUIRE(folder.run({"train", "-o", folder.at("out")}) == 0);
  REQUIRE(folder.run({"predict", "--model", folder.at("out/model.h5"), "--samples", "7", "-o",
                      folder.at("samples.h5")}) == 0);
  const store::File file = store::File::open(folder.at("samples.h5"));
  CHECK(file.array("sample").info().shape == store::Extent{7, 2});
  CHECK(file.array("label").read_strings() ==
        std::vector<std::string>{"0", "1", "0", "1", "0", "1", "0"});
}
