// Trainings on a device: what the host must not do, and what must come out all the same. The other
// kinds of experiments are trained on one in their own tests.
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <numeric>

#include "base/error.h"
#include "device/protected_context.h"
#include "scratch_folder.h"
#include "store/hdf5.h"
#include "train/continuation.h"
#include "train/device_check.h"
#include "train/experiment_file.h"
#include "train/fitting_rows.h"
#include "train/predict.h"
#include "train/sample_experiment.h"

using namespace mlrun;
using test::check_on_device;
using test::check_same;
using test::ContextCalls;
using test::input_of;
using test::ProtectedContext;
using test::SampleExperiment;

namespace {

// What is asked of the context in each epoch, but for the first one's preparations, and the last
// one, which prepares none behind it.
std::vector<ContextCalls> calls_by_epoch(train::FitInput input, int64_t capacity) {
  const ProtectedContext* context = nullptr;
  input.backend = test::protected_backend(capacity, &context);
  std::vector<ContextCalls> calls;
  ContextCalls before;
  fit(input, {[&](const train::EpochRecord&) {
                const ContextCalls now = context->calls();
                calls.push_back({now.launches - before.launches, now.records - before.records,
                                 now.uploads - before.uploads, now.downloads - before.downloads});
                before = now;
              },
              {}});
  calls.erase(calls.begin());
  calls.pop_back();
  return calls;
}

constexpr int64_t kPlenty = int64_t{1} << 30;
constexpr int64_t kFetch = 1;            // launch: what was brought ahead is put in its place
constexpr int64_t kTooLittle = 1 << 19;  // for the data set below

const std::vector<std::string> kNoValidation = {"dataset.split.test=0", "train.metrics=[accuracy]"};

}  // namespace

TEST_CASE("device: a step is one launch, and an epoch waits only at its end") {
  const SampleExperiment e(kNoValidation);
  for (const ContextCalls& calls : calls_by_epoch(input_of(e), kPlenty)) {
    CHECK(calls.launches == kFetch + 5);  // 150 rows in batches of 32
    CHECK(calls.records == 0);
    CHECK(calls.uploads == 1);    // of the next epoch
    CHECK(calls.downloads == 2);  // losses, predictions
  }
}

TEST_CASE("device: validation is one more pass, whatever the rows") {
  SampleExperiment e({"dataset.generate.make_moons.n_samples=4000", "train.metrics=[accuracy]",
                      "train.validation_split=0.7", "train.epochs=3"});
  e.train_rows.resize(3500);
  std::iota(e.train_rows.begin(), e.train_rows.end(), 0);
  const train::FitInput input = input_of(e);
  const int64_t rows = static_cast<int64_t>(train::fitting_rows(input).test.size());
  REQUIRE(rows > 1024);
  for (const ContextCalls& calls : calls_by_epoch(input, kPlenty)) {
    CHECK(calls.launches == kFetch + (3500 - rows + 31) / 32 + (rows + 1023) / 1024);
    CHECK(calls.records == 0);
    CHECK(calls.uploads == 2);
    CHECK(calls.downloads == 4);  // losses and predictions of both
  }
  check_on_device(input, fit(input));
}

TEST_CASE("device: both phases of a GAN are one launch") {
  const SampleExperiment e(
      {"train.loss=wasserstein", "train.metrics=[]", "train.loss.critic_steps=2",
       "model={GAN: {latent: 2, generator: [{Dense: 2}], discriminator: [{Dense: 1}]}}"});
  for (const ContextCalls& calls : calls_by_epoch(input_of(e), kPlenty)) {
    CHECK(calls.launches == kFetch + 5);
    CHECK(calls.uploads == 1);
    CHECK(calls.downloads == 1);
  }
}

TEST_CASE("device: data that do not fit are brought batch by batch, without waiting") {
  const SampleExperiment e(
      {"dataset.generate.make_moons.n_samples=200000", "train.epochs=4", "train.metrics=[]"});
  train::FitInput input = input_of(e);
  const std::vector<ContextCalls> calls = calls_by_epoch(input, kTooLittle);
  REQUIRE(calls.size() == 2);
  for (const ContextCalls& epoch : calls) {
    CHECK(epoch.launches == kFetch + 5);
    CHECK(epoch.uploads == 1 + 2 * 5);  // features and targets
    CHECK(epoch.downloads == 1);
  }
  const train::FitResult want = fit(input);
  input.backend = test::protected_backend(kTooLittle);
  check_same(fit(input), want);
}

TEST_CASE("device: the same bits as on the CPU") {
  const std::vector<std::vector<std::string>> experiments = {
      {},
      {"train.class_weight={0: 3, 1: 1}"},
      {"train.precision=bf16", "train.optimizer={SGD: {learning_rate: 0.1, momentum: 0.9}}"},
      {"train.optimizer={RMSprop: {learning_rate: {ExponentialDecay: {initial_learning_rate: 0.01, "
       "decay_steps: 3, decay_rate: 0.9}}}}"},
      {"dataset.shape=[2, 1, 1]",
       "model=[{Conv2D: {filters: 4, kernel_size: [2, 1], activation: relu}}, BatchNormalization, "
       "Flatten, {Dense: {units: 1, activation: sigmoid}}]"},
      {"train.target=input", "train.loss=mse", "train.metrics=[auc]",
       "model=[{Dense: {units: 8, activation: tanh}}, {Dense: 1}, {Dense: 2}]"}};
  for (const std::vector<std::string>& settings : experiments) {
    CAPTURE(settings.empty() ? "" : settings.back());
    const SampleExperiment e(settings);
    const train::FitInput input = input_of(e);
    check_on_device(input, fit(input));
  }
}

TEST_CASE("device: any batch size") {
  for (const char* batch : {"1", "149", "150", "151", "1000"}) {
    CAPTURE(batch);
    const SampleExperiment e({std::string("train.batch_size=") + batch, "train.epochs=2"});
    const train::FitInput input = input_of(e);
    check_on_device(input, fit(input));
  }
}

TEST_CASE("device: a loss that is not finite ends the training after its epoch") {
  const SampleExperiment e(
      {"train.optimizer={SGD: {learning_rate: 1e30}}", "model.0.activation=linear"});
  train::FitInput input = input_of(e);
  const train::FitResult want = fit(input);
  input.backend = test::protected_backend();
  const train::FitResult result = fit(input);
  CHECK(result.status == train::FitStatus::kDiverged);
  CHECK(result.history.size() == want.history.size());
}

TEST_CASE("device: a last step that leaves no numbers is seen as on the CPU") {
  for (const char* validation : {"train.validation_split=0.2", "train.validation_split=0"}) {
    CAPTURE(validation);
    const SampleExperiment e(
        {"train.optimizer={SGD: {learning_rate: 1e38}}", "train.batch_size=1000", "train.epochs=1",
         "model=[{Dense: 16}, {Dense: 16}, {Dense: {units: 1, activation: sigmoid}}]", validation});
    train::FitInput input = input_of(e);
    const train::FitResult want = fit(input);
    input.backend = test::protected_backend();
    const train::FitResult result = fit(input);
    CHECK(result.status == train::FitStatus::kDiverged);
    CHECK(result.message == want.message);
  }
}

TEST_CASE("device: early stopping, an interruption, and a checkpoint of the CPU's") {
  const ScratchFolder folder;
  const SampleExperiment e({"train.epochs=60", "train.checkpoint_every=2",
                            "train.optimizer.learning_rate=0.05",
                            "train.early_stopping={monitor: val_loss, patience: 3, "
                            "restore_best_weights: true}"});
  train::FitInput input = input_of(e);
  const train::FitResult whole = fit(input);
  CHECK(whole.history.size() < 60);
  check_on_device(input, whole);
  input.checkpoint = folder / "stopped.h5";
  for (const bool on_device : {true, false}) {
    int epochs = 0;
    train::FitInput first = input;
    if (on_device) first.backend = test::protected_backend();
    const train::FitResult part =
        fit(first, {[&](const train::EpochRecord&) { ++epochs; }, [&] { return epochs >= 3; }});
    CHECK(part.status == train::FitStatus::kInterrupted);
    if (on_device) {
      check_same(fit(input), whole);
    } else {
      check_on_device(input, whole);
    }
    std::filesystem::remove(input.checkpoint);
  }
}

TEST_CASE("device: predictions, layers and samples of a model file") {
  const ScratchFolder folder;
  const auto compare = [&](const SampleExperiment& e, const std::string& layer, int64_t samples) {
    train::FitResult trained = fit(input_of(e));
    store::write_model(folder / "model.h5", trained.model);
    train::PredictInput input{.spec = e.spec,
                              .dataset = e.dataset,
                              .train_rows = e.train_rows,
                              .model = folder / "model.h5",
                              .output = folder / "cpu.h5",
                              .layer = layer,
                              .samples = samples};
    const std::string array = predict(input).at(0).name;
    input.output = folder / "device.h5";
    input.backend = test::protected_backend();
    predict(input);
    const auto values = [&](const char* name) {
      return store::File::open(folder / name).array(array).read<float>();
    };
    CHECK(values("device.h5") == values("cpu.h5"));
  };
  const SampleExperiment plain;
  compare(plain, "", 0);
  compare(plain, "dense", 0);
  CHECK_THROWS_WITH_AS(
      compare(plain, "", 3),
      "only a GAN or a variational autoencoder (a model with a Sampling layer) makes samples",
      InputError);
  const SampleExperiment gan({"train.loss=non_saturating", "train.metrics=[]",
                              "model={GAN: {latent: 2, conditional: true, generator: [{Dense: 2}], "
                              "discriminator: [{Dense: 1}]}}"});
  compare(gan, "", 2000);
  const SampleExperiment variational(
      {"train.target=input", "train.loss=mse", "train.metrics=[]",
       "model=[{Dense: {units: 2, name: mean}}, {Dense: {units: 2, name: log_var, inputs: input}}, "
       "{Sampling: {inputs: [mean, log_var]}}, {Dense: 2}]"});
  compare(variational, "", 2000);
}

TEST_CASE("device: text goes on") {
  const ScratchFolder folder;
  std::string text;
  for (int i = 0; i < 100; ++i) text += i % 3 == 0 ? "abcab-" : "cbde-";
  std::ofstream(folder / "a.txt") << text;
  const trials::Search search = test::prepare(folder, R"(
name: text
dataset: {source: ./a.txt, format: text, window: 12, split: {test: 0.2}}
model:
  - Embedding: {input_dim: 6, output_dim: 8}
  - LSTM: {units: 8, return_sequences: true}
  - Dense: {units: 6, activation: softmax}
train:
  loss: sparse_categorical_crossentropy
  optimizer: Adam
  epochs: 2
)");
  train::FitInput input = test::input_of(search);
  const train::FitResult result = fit(input);
  check_on_device(input, result);
  const std::vector<int32_t> want =
      train::Continuation(input, result.model).text({0, 1}, 20, 0.8, 3);
  input.backend = test::protected_backend();
  CHECK(train::Continuation(input, result.model).text({0, 1}, 20, 0.8, 3) == want);
}
