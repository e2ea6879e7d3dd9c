#include "train/fit.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "scratch_folder.h"
#include "train/check.h"
#include "train/device_check.h"
#include "train/early_stopping.h"
#include "train/feed.h"
#include "train/sample_experiment.h"

using namespace mlrun;
using test::check_same;
using test::input_of;
using test::SampleExperiment;

TEST_CASE("fit: learns two moons") {
  const SampleExperiment e({"train.epochs=60"});
  const train::FitResult result = fit(input_of(e));
  CHECK(result.status == train::FitStatus::kFinished);
  CHECK(result.parameters == 65);
  CHECK(result.history.size() == 60);
  CHECK(result.history.back().training[0] < result.history.front().training[0]);
  CHECK(result.test[2] > 0.93);
}

TEST_CASE("fit: a profile changes nothing and accounts for all the time") {
  const SampleExperiment e({"train.epochs=3"});
  train::FitInput input = input_of(e);
  const train::FitResult plain = fit(input);
  CHECK(plain.profile.empty());
  input.profile = true;
  const train::FitResult result = fit(input);
  check_same(plain, result);
  double seconds = 0;
  double flops = 0;
  for (const train::ProfileRow& row : result.profile) {
    seconds += row.seconds;
    flops += row.flops;
  }
  CHECK(seconds == doctest::Approx(result.fit_seconds));
  CHECK(flops > 0);
  CHECK(result.peak.flops_per_second > 0);
  CHECK(result.peak.bytes_per_second > 0);
}

TEST_CASE("fit: the same input gives the same bits, whatever the number of threads") {
  const SampleExperiment e({"train.batch_size=64", "model.0.units=300"});
  train::FitInput input = input_of(e);
  const train::FitResult one = fit(input);
  check_same(one, fit(input));
  input.threads = 3;
  check_same(one, fit(input));
}

TEST_CASE("fit: in bf16 it learns as well, by other numbers; the same for 1 and 3 threads") {
  const std::vector<std::string> settings = {"train.epochs=60"};
  const SampleExperiment plain(settings);
  const SampleExperiment e({settings[0], "train.precision=bf16"});
  train::FitInput input = input_of(e);
  const train::FitResult result = fit(input);
  CHECK(result.test[2] > 0.93);
  CHECK(result.model.weights != fit(input_of(plain)).model.weights);
  input.threads = 3;
  check_same(result, fit(input));
}

TEST_CASE("fit: cells and folds draw other numbers") {
  const SampleExperiment e;
  train::FitInput input = input_of(e);
  const train::FitResult one = fit(input);
  input.fold = 1;
  CHECK(fit(input).model.weights != one.model.weights);
  input.fold = 0;
  input.cell = 1;
  CHECK(fit(input).model.weights != one.model.weights);
}

TEST_CASE("fit: an interrupted training goes on to the same result") {
  const ScratchFolder folder;
  std::string setting = "train.precision=float32";
  SUBCASE("float32") {}
  SUBCASE("bf16") { setting = "train.precision=bf16"; }
  SUBCASE("a learning rate that falls") {
    setting = "train.reduce_lr_on_plateau={monitor: loss, min_delta: 100, patience: 1}";
  }
  const SampleExperiment e({"train.epochs=9", "train.checkpoint_every=2", setting,
                            "train.early_stopping={monitor: val_loss, patience: 3, "
                            "restore_best_weights: true}"});
  train::FitInput input = input_of(e);
  const train::FitResult whole = fit(input);
  for (int stop_after = 1; stop_after < 8; ++stop_after) {
    CAPTURE(stop_after);
    input.checkpoint = folder / ("at" + std::to_string(stop_after) + ".h5");
    int epochs = 0;
    const train::FitResult part = fit(input, {[&](const train::EpochRecord&) { ++epochs; },
                                              [&] { return epochs >= stop_after; }});
    CHECK(part.status == train::FitStatus::kInterrupted);
    check_same(whole, fit(input));
  }
}

TEST_CASE("fit: a checkpoint is enough when the process is lost between two of them") {
  const ScratchFolder folder;
  const SampleExperiment e({"train.epochs=7", "train.checkpoint_every=3"});
  train::FitInput input = input_of(e);
  const train::FitResult whole = fit(input);
  input.checkpoint = folder / "lost.h5";
  struct Lost {};
  int epochs = 0;
  CHECK_THROWS_AS(fit(input, {[&](const train::EpochRecord&) {
                                if (++epochs == 5) throw Lost();
                              },
                              {}}),
                  Lost);
  check_same(whole, fit(input));
}

TEST_CASE("fit: the checkpoint of another training, or a damaged one, is not resumed") {
  const ScratchFolder folder;
  const SampleExperiment e({"train.epochs=6", "train.checkpoint_every=1"});
  const SampleExperiment other({"train.epochs=6", "train.checkpoint_every=1", "seed=7"});
  train::FitInput input = input_of(e);
  const train::FitResult whole = fit(input);
  train::FitInput foreign = input_of(other);
  input.checkpoint = foreign.checkpoint = folder / "saved.h5";
  input.training = "cell 0";
  foreign.training = "cell 1";
  const auto stop_after_3 = [](const train::FitInput& training) {
    int epochs = 0;
    fit(training, {[&](const train::EpochRecord&) { ++epochs; }, [&] { return epochs >= 3; }});
    return read_file(training.checkpoint);
  };
  stop_after_3(foreign);
  check_same(whole, fit(input));
  const std::string saved = stop_after_3(input);
  // In the numbers: of a file whose structure is damaged, HDF5 leaks memory.
  const std::vector<float> kernel = store::read_model(input.checkpoint).weights.at(0).values;
  const size_t at = saved.find({reinterpret_cast<const char*>(kernel.data()), 4 * sizeof(float)});
  REQUIRE(at != std::string::npos);
  std::string damaged = saved;
  damaged[at] = static_cast<char>(damaged[at] ^ 1);
  for (const std::string& found : {damaged, std::string()}) {
    std::ofstream(input.checkpoint, std::ios::binary) << found;
    std::string said;
    train::FitHooks hooks;
    hooks.on_note = [&](const std::string& note) { said = note; };
    check_same(whole, fit(input, hooks));
    CHECK_MESSAGE(said.find("begins anew") != std::string::npos, said);
  }
}

TEST_CASE("fit: a quantity that early stopping never sees is told") {
  const SampleExperiment e({"train.epochs=6", "train.validation_split=0.006", "train.metrics=[auc]",
                            "train.early_stopping={monitor: val_auc, patience: 1}"});
  std::string said;
  train::FitHooks hooks;
  hooks.on_note = [&](const std::string& note) { said = note; };
  CHECK(fit(input_of(e), hooks).history.size() == 2);
  CHECK(said == "early_stopping watched val_auc, which was undefined in all 2 epochs");
}

TEST_CASE("fit: labels that are ignored count neither in a loss nor in a metric") {
  SampleExperiment e({"model=[{Dense: 3}]", "train.optimizer={SGD: {learning_rate: 0}}",
                      "train.loss={sparse_categorical_crossentropy: {from_logits: true, "
                      "ignore_class: 0}}",
                      "dataset.generate={make_blobs: {n_samples: 200, centers: 3}}",
                      "train.metrics=[accuracy, log_loss, perplexity, recall]", "train.epochs=2"});
  e.test_rows = e.train_rows;
  const train::FitInput input = input_of(e);
  const train::FitResult result = fit(input);
  double right = 0, log_loss = 0, counted = 0;
  for (size_t i = 0; i < e.test_rows.size(); ++i) {
    const int32_t label = e.dataset.classes[e.test_rows[i]];
    if (label == 0) continue;
    const float* p = result.predictions.data() + 3 * i;
    right += std::max_element(p, p + 3) - p == label ? 1 : 0;
    log_loss -= std::log(p[label]);
    counted += 1;
  }
  REQUIRE(counted < 150);
  for (const std::vector<double>& scores : {result.test, result.history[1].training}) {
    CHECK(scores[0] == doctest::Approx(log_loss / counted).epsilon(1e-5));
    CHECK(scores[1] == doctest::Approx(right / counted));
    CHECK(scores[2] == doctest::Approx(log_loss / counted).epsilon(1e-5));
    CHECK(scores[3] == doctest::Approx(std::exp(log_loss / counted)).epsilon(1e-5));
  }
  test::check_on_device(input, result);
}

TEST_CASE("fit: labels that are ignored leave penalties as they are") {
  const auto penalty = [](const std::string& loss) {
    const SampleExperiment e(
        {"model=[{Dense: {units: 8, activation: tanh, activity_regularizer: {L2: 0.1}}}, {Dense: "
         "{units: 2, activation: softmax}}]",
         "train.optimizer={SGD: {learning_rate: 0}}", "train.metrics=[log_loss]", "train.epochs=1",
         "train.loss=" + loss});
    const train::FitResult result = fit(input_of(e));
    return result.history.at(0).training.at(0) - result.history.at(0).training.at(1);
  };
  const double all = penalty("sparse_categorical_crossentropy");
  CHECK(all > 0.01);
  CHECK(penalty("{sparse_categorical_crossentropy: {ignore_class: 0}}") ==
        doctest::Approx(all).epsilon(1e-5));
}

TEST_CASE("fit: a label that is ignored must be one") {
  try {
    const SampleExperiment e({"model=[{Dense: 2}]",
                              "train.loss={sparse_categorical_crossentropy: "
                              "{from_logits: true, ignore_class: 2}}"});
    FAIL("accepted");
  } catch (const InputError& error) {
    CHECK(std::string(error.what()).find("ignore_class is 2, but the classes are 0 to 1") !=
          std::string::npos);
  }
}

TEST_CASE("fit: a loss that is not finite ends the training as diverged") {
  const SampleExperiment e({"train.optimizer={SGD: {learning_rate: 1e30}}",
                            "train.loss=binary_crossentropy", "model.0.activation=linear"});
  const train::FitResult result = fit(input_of(e));
  CHECK(result.status == train::FitStatus::kDiverged);
  CHECK(result.history.size() < 6);
  CHECK(std::isnan(result.test[0]));
  CHECK(result.predictions.empty());
}

// One step, which leaves weights that are too large: its own loss is the one before it.
SampleExperiment ruined_by_last_step(std::vector<std::string> more) {
  more.insert(more.end(), {"train.optimizer={SGD: {learning_rate: 1e38}}", "train.batch_size=1000",
                           "model=[{Dense: 16}, {Dense: 16}, {Dense: {units: 1, activation: "
                           "sigmoid}}]",
                           "train.epochs=1"});
  return SampleExperiment(more);
}

void check_diverged(const train::FitResult& result, const std::string& message) {
  CHECK(result.status == train::FitStatus::kDiverged);
  CHECK(result.message == message);
  CHECK(std::isnan(result.test[0]));
  CHECK(result.predictions.empty());
}

TEST_CASE(
    "fit: what the last step has ruined is seen in the validation, though an epoch was good") {
  const SampleExperiment e = ruined_by_last_step(
      {"train.validation_split=0.2",
       "train.early_stopping={monitor: loss, restore_best_weights: true, patience: 5}"});
  const train::FitResult result = fit(input_of(e));
  check_diverged(result, "the validation loss was not finite in epoch 0");
  CHECK(std::isfinite(result.history[0].training[0]));
  CHECK(!std::isfinite(result.history[0].validation[0]));
}

TEST_CASE("fit: what the last step has ruined is seen with and without rows to be scored") {
  const SampleExperiment e = ruined_by_last_step({});
  train::FitInput input = input_of(e);
  check_diverged(fit(input), "the loss of the test rows was not finite");
  input.test_rows = {};
  check_diverged(fit(input), "the loss was not finite after the last epoch");
  const SampleExperiment steep =
      ruined_by_last_step({"dataset.rescale=1e6", "dataset.standardize=false"});
  check_diverged(fit(input_of(steep)), "the weights were not finite after the last epoch");
}

TEST_CASE("fit: test rows whose loss is not finite are no score, though the weights are numbers") {
  SampleExperiment e({"train.loss=mse", "train.metrics=[]", "model=[{Dense: 1}]",
                      "dataset.standardize=false", "train.epochs=1"});
  std::vector<float> targets(e.dataset.values, e.dataset.values + e.dataset.rows);
  targets[static_cast<size_t>(e.test_rows[0])] = 1e30f;
  e.dataset.values = targets.data();
  const train::FitResult result = fit(input_of(e));
  CHECK(result.status == train::FitStatus::kDiverged);
  CHECK(result.message == "the loss of the test rows was not finite");
  CHECK(result.predictions.empty());
}

TEST_CASE("fit: validation rows of which no label counts are no divergence") {
  const SampleExperiment e({"model=[{Dense: {units: 2, activation: softmax}}]",
                            "train.loss={sparse_categorical_crossentropy: {ignore_class: 1}}",
                            "train.metrics=[]"});
  train::FitInput input = input_of(e);
  std::vector<int64_t> ignored;
  for (const int64_t row : e.test_rows) {
    if (e.dataset.classes[row] == 1) ignored.push_back(row);
  }
  input.test_rows = ignored;
  const train::FitResult result = fit(input);
  CHECK(result.status == train::FitStatus::kFinished);
  CHECK(std::isnan(result.test[0]));
}

TEST_CASE("fit: early stopping keeps the best weights") {
  const SampleExperiment e({"train.epochs=200", "train.optimizer.learning_rate=0.05",
                            "train.early_stopping={monitor: val_loss, patience: 4, "
                            "restore_best_weights: true}"});
  const train::FitResult result = fit(input_of(e));
  CHECK(e.spec.train.validation_split == 0.1);
  CHECK(result.history.size() < 200);
  size_t best = 0;
  for (size_t i = 0; i < result.history.size(); ++i) {
    if (result.history[i].validation[0] < result.history[best].validation[0]) best = i;
  }
  CHECK(result.history.size() - best == 5);
  CHECK(epoch_of_model(e.spec, result.history) == best);
  const SampleExperiment kept({"train.early_stopping={monitor: val_loss, patience: 4}"});
  CHECK(epoch_of_model(kept.spec, result.history) == result.history.size() - 1);
}

TEST_CASE("early stopping: below the baseline an improvement is waited for, and none is an end") {
  const auto epochs = [](std::optional<double> baseline, const std::vector<double>& losses) {
    config::EarlyStoppingSpec spec;
    spec.patience = 2;
    spec.baseline = baseline;
    train::EarlyStopping stopping(spec, false);
    int64_t epoch = 0;
    while (!stopping.observe(epoch, losses.at(static_cast<size_t>(epoch))).stop) ++epoch;
    return epoch + 1;
  };
  CHECK(epochs({}, {5, 4, 3, 3, 3}) == 5);
  // As in Keras 3: patience is used up, but the epoch that ends it is one that is no better.
  CHECK(epochs(1.0, {5, 4, 3, 3}) == 4);
  CHECK(epochs(4.5, {5, 4, 4, 4}) == 4);
}

TEST_CASE("fit: class weights change the loss, balanced ones by the counts") {
  const SampleExperiment plain;
  const SampleExperiment weighted({"train.class_weight={0: 3, 1: 1}"});
  CHECK(fit(input_of(plain)).history[0].training[0] !=
        fit(input_of(weighted)).history[0].training[0]);
}

TEST_CASE("fit: balanced weights are of the classes that occur, as in scikit-learn") {
  data::Dataset dataset;
  const std::vector<int32_t> classes = {0, 0, 0, 1, 2};
  dataset.rows = 5;
  dataset.classes = classes.data();
  dataset.class_names = {"a", "b", "c"};
  config::ClassWeight balanced;
  balanced.balanced = true;
  const auto weights = [&](std::vector<int64_t> rows) {
    return train::class_weights(balanced, dataset, rows);
  };
  CHECK(weights({0, 1, 2, 3, 4}) == std::vector<float>{5.0f / 9, 5.0f / 3, 5.0f / 3});
  CHECK(weights({0, 1, 2, 3}) == std::vector<float>{4.0f / 6, 4.0f / 2, 0});
}

TEST_CASE("fit: the last batch may be smaller, the batch larger than the data") {
  for (const char* batch : {"1", "149", "150", "151", "1000"}) {
    CAPTURE(batch);
    const SampleExperiment e({std::string("train.batch_size=") + batch, "train.epochs=2"});
    const train::FitResult result = fit(input_of(e));
    CHECK(result.status == train::FitStatus::kFinished);
    CHECK(std::isfinite(result.test[0]));
  }
}

TEST_CASE("fit: memory is for the rows there are, however large a batch may be") {
  const auto report = [](const char* batch) {
    const SampleExperiment e({std::string("train.batch_size=") + batch});
    Diagnostics diagnostics;
    const train::ModelReport made = train::check_model(e.spec, e.dataset, nullptr, diagnostics);
    diagnostics.throw_if_any();
    return made;
  };
  CHECK(report("2147483647").batch_bytes == report("200").batch_bytes);
  CHECK(report("100").batch_bytes < report("200").batch_bytes);
  const SampleExperiment all({"train.batch_size=150", "train.epochs=2"});
  const SampleExperiment more({"train.batch_size=2147483647", "train.epochs=2"});
  check_same(fit(input_of(all)), fit(input_of(more)));
}
