// The experiments with images and series, two epochs of few samples: from the file to the results.
#include <doctest/doctest.h>

#include <cstdlib>

#include "base/file.h"
#include "places.h"
#include "scratch_folder.h"
#include "store/results.h"
#include "trials/program.h"

using namespace mlrun;

namespace {

// Trains and checks that the loss falls from the first epoch to the last.
void check_learns(const std::string& experiment, std::vector<std::string> settings) {
  const ScratchFolder folder;
  std::vector<std::string> words = {"train",
                                    (test::tests_folder() / "../experiments" / experiment).string(),
                                    "threads=1",
                                    "train.epochs=2",
                                    "train.batch_size=16",
                                    "-o",
                                    (folder / "out").string()};
  words.insert(words.end(), settings.begin(), settings.end());
  INFO(experiment);
  const int code = test::run_program(words, folder / "log");
  REQUIRE_MESSAGE(code == 0, read_file(folder / "log"));
  const store::ResultsFile results = store::read_results(folder / "out/results.h5");
  const store::Section* history = results.find("/history");
  REQUIRE(history != nullptr);
  for (const store::Column& column : history->table.columns) {
    if (column.name != "loss") continue;
    const auto& losses = std::get<std::vector<double>>(column.values);
    CHECK(losses.back() < losses.front());
  }
}

}  // namespace

TEST_CASE("experiments: a convolutional network on Fashion-MNIST") {
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist")) {
    MESSAGE("skipped: the package dataset-fashion-mnist is not installed");
    return;
  }
  check_learns("fashion-mnist/cnn.yaml", {"dataset.limit=64"});
}

TEST_CASE("experiments: capsules, and two views followed by few labels") {
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist")) {
    MESSAGE("skipped: the package dataset-fashion-mnist is not installed");
    return;
  }
  check_learns("capsules/fashion-capsules.yaml", {"dataset.limit=32"});
  check_learns("self-supervised/simclr.yaml", {"dataset.limit=48"});
  check_learns("self-supervised/pixels.yaml", {"dataset.limit=160"});
  check_learns("self-supervised/fine-tune.yaml",
               {"dataset.limit=64", "dataset.split.test=0.5", "train.initial_weights=null"});
}

TEST_CASE("experiments: networks of radial basis functions") {
  const char* shared = std::getenv("MLRUN_SHARED_DATA");
  if (!shared) {
    MESSAGE("skipped: MLRUN_SHARED_DATA is not set");
    return;
  }
  check_learns("tabular/wine-rbf.yaml",
               {"dataset.source=" + std::string(shared) + "/sklearn-toy/wine_data.csv",
                "dataset.target=-1", "cv=null"});
}

TEST_CASE("experiments: small colour images and short series") {
  const char* shared = std::getenv("MLRUN_SHARED_DATA");
  if (!shared) {
    MESSAGE("skipped: MLRUN_SHARED_DATA is not set");
    return;
  }
  ::setenv("MLRUN_DATA", shared, 1);
  check_learns("cifar/mlp.yaml", {"dataset.limit=96"});
  check_learns("cifar/cnn.yaml", {"dataset.limit=40"});
  check_learns("cifar/resnet.yaml", {"dataset.limit=20"});
  check_learns("time-series/italy-fcn.yaml", {"dataset.limit=32"});
  check_learns("time-series/gunpoint-fcn.yaml", {"dataset.limit=16"});
  ::unsetenv("MLRUN_DATA");
}
