// Several trainings as one: the numbers of each are those it has alone.
#include <doctest/doctest.h>

#include <list>
#include <memory>

#include "base/error.h"
#include "data/split.h"
#include "device/protected_context.h"
#include "emulation/context.h"
#include "scratch_folder.h"
#include "train/device_check.h"
#include "train/sample_experiment.h"

using namespace mlrun;
using test::check_same;
using test::input_of;
using test::ProtectedContext;
using test::SampleExperiment;

namespace {

std::vector<train::FitResult> fit_together(const std::vector<train::FitInput>& inputs,
                                           const std::vector<train::FitHooks>& hooks = {}) {
  std::vector<train::FitResult> results(inputs.size());
  train::fit_stack(inputs, hooks, [&](size_t number, train::FitResult&& result) {
    results[number] = std::move(result);
  });
  return results;
}

// Trials of one data set: what was asked for, on top of `settings`, in each.
class Trials {
 public:
  Trials(const std::vector<std::string>& settings,
         const std::vector<std::vector<std::string>>& differences) {
    for (const std::vector<std::string>& difference : differences) {
      std::vector<std::string> all = settings;
      all.insert(all.end(), difference.begin(), difference.end());
      experiments_.push_back(std::make_unique<SampleExperiment>(all));
      train::FitInput input = input_of(*experiments_[0]);
      inputs_.push_back({.spec = experiments_.back()->spec,
                         .dataset = input.dataset,
                         .train_rows = input.train_rows,
                         .test_rows = input.test_rows,
                         .keep_model = true});
    }
  }

  std::vector<train::FitInput>& inputs() { return inputs_; }

  // Trial i holds out counts[i] rows, each others than the one before, and trains on the rest of
  // 180.
  void hold_out(const std::vector<int64_t>& counts) {
    int64_t first = 0;
    for (size_t i = 0; i < counts.size(); ++i) {
      data::Split& fold = folds_.emplace_back();
      for (int64_t row = 0; row < 180; ++row) {
        (row >= first && row < first + counts[i] ? fold.test : fold.train).push_back(row);
      }
      first += counts[i];
      train::FitInput& input = inputs_[i];
      input.train_rows = fold.train;
      input.test_rows = fold.test;
      input.fold = static_cast<uint32_t>(i);
    }
  }

  // Each trains on the rows before `end`, and holds out the next ten.
  void train_before(int64_t end) {
    data::Split& fold = folds_.emplace_back();
    for (int64_t row = 0; row < end + 10; ++row) {
      (row < end ? fold.train : fold.test).push_back(row);
    }
    for (train::FitInput& input : inputs_) {
      input.train_rows = fold.train;
      input.test_rows = fold.test;
    }
  }

  // On the CPU, copy by copy, and on a device; then with kernels that compute all copies at once.
  void check_as_alone() {
    for (const bool on_device : {false, true}) {
      CAPTURE(on_device);
      if (on_device) inputs_[0].backend = test::protected_backend();
      const std::vector<train::FitResult> results = fit_together(inputs_);
      inputs_[0].backend = ops::cpu_backend;
      REQUIRE(results.size() == inputs_.size());
      for (size_t i = 0; i < inputs_.size(); ++i) {
        CAPTURE(i);
        check_same(results[i], fit(inputs_[i]));
      }
    }
    check_on_emulated_gpu();
  }

 private:
  void check_on_emulated_gpu() {
    if (!emulation::is_worth_running()) return;
    INFO("on an emulated GPU");
    for (train::FitInput& input : inputs_) input.backend = test::emulated_gpu();
    const std::vector<train::FitResult> results = fit_together(inputs_);
    for (size_t i = 0; i < inputs_.size(); ++i) {
      CAPTURE(i);
      check_same(results[i], fit(inputs_[i]));
    }
    for (train::FitInput& input : inputs_) input.backend = ops::cpu_backend;
  }

  std::vector<std::unique_ptr<SampleExperiment>> experiments_;
  std::list<data::Split> folds_;
  std::vector<train::FitInput> inputs_;
};

}  // namespace

TEST_CASE("stack: seeds and learning rates, the last batch smaller") {
  Trials({}, {{}, {"seed=8"}, {"train.optimizer.learning_rate=0.1"}, {"seed=9"}}).check_as_alone();
}

TEST_CASE("stack: so many rows that threads draw the next orders") {
  constexpr int64_t kRows = 16500;  // of each of four: more than 2^16 in all
  Trials trials({"dataset.generate.make_moons.n_samples=17000", "train.batch_size=5000",
                 "train.epochs=3", "train.metrics=[]"},
                {{}, {"seed=8"}, {"seed=9"}, {"seed=10"}});
  trials.train_before(kRows);
  trials.check_as_alone();
}

TEST_CASE("stack: folds of data that are not scaled, which all share") {
  Trials trials({"dataset.standardize=false", "train.validation_split=0.2"}, {{}, {"seed=8"}, {}});
  trials.hold_out({60, 50, 60});
  trials.check_as_alone();
}

TEST_CASE("stack: learning rates by the step, rows in the order they have") {
  Trials({"train.shuffle=false",
          "train.optimizer={RMSprop: {learning_rate: {ExponentialDecay: {initial_learning_rate: "
          "0.01, decay_steps: 3, decay_rate: 0.9}}}}"},
         {{}, {"seed=8"}, {"seed=9"}})
      .check_as_alone();
}

TEST_CASE("stack: in float16, each with the loss scale that its gradients allow") {
  Trials({"train.precision=float16",
          "train.loss_scale={initial_scale: 1073741824, dynamic_growth_steps: 3}"},
         {{}, {"seed=8"}, {"train.optimizer.learning_rate=3"}})
      .check_as_alone();
}

TEST_CASE("stack: folds, each with the scaling of its own rows") {
  Trials trials({"train.validation_split=0.2"}, {{}, {}, {}});
  trials.hold_out({60, 60, 60});
  trials.check_as_alone();
}

TEST_CASE("stack: folds of different sizes") {
  SUBCASE("the last batches differ, some by no row") {
    Trials trials({}, {{}, {}, {}, {}});
    trials.hold_out({40, 39, 40, 41});
    trials.check_as_alone();
  }
  SUBCASE("an epoch of one has a step more") {
    Trials trials({"train.epochs=3"}, {{}, {}, {}});
    trials.hold_out({20, 19, 90});
    trials.check_as_alone();
  }
  SUBCASE("and the first to stop stands between the others") {
    Trials trials(
        {"train.epochs=12", "train.early_stopping={monitor: loss, patience: 1, min_delta: 0.02}"},
        {{}, {"train.optimizer.learning_rate=1e-4"}, {}});
    trials.hold_out({40, 40, 41});
    trials.check_as_alone();
    const std::vector<train::FitResult> results = fit_together(trials.inputs());
    CHECK(results[1].history.size() < results[0].history.size());
    CHECK(results[1].history.size() < results[2].history.size());
  }
}

TEST_CASE("stack: dropout rates and factors of penalties") {
  Trials({"model.0.kernel_regularizer={L1L2: {l1: 0.001, l2: 0.01}}",
          "model.0.activity_regularizer={L2: 0.01}"},
         {{},
          {"model.1.rate=0.5", "model.0.activity_regularizer.l2=0.1"},
          {"model.0.kernel_regularizer.l1=0"},
          {"model.0.kernel_regularizer.l2=0.1"}})
      .check_as_alone();
  Trials({"dataset.shape=[2, 1]", "train.epochs=2",
          "model=[{Transformer: {layers: 1, heads: 2, width: 4, dropout: 0.1, pooling: mean, "
          "outputs: 1}}, {Activation: sigmoid}]"},
         {{}, {"model.0.dropout=0.4"}})
      .check_as_alone();
}

TEST_CASE("stack: a loss of labels that count beside one of all rows, and penalties") {
  Trials({"model=[{Dense: {units: 8, activation: tanh, name: hidden, kernel_regularizer: {L2: "
          "0.01}}}, {Dense: {units: 2, name: copy}}, {Dense: {units: 2, activation: softmax, "
          "inputs: hidden}}]",
          "train.loss={sparse_categorical_crossentropy: {ignore_class: 0}}",
          "train.outputs={copy: {loss: mse, target: input, weight: 0.5}}",
          "train.class_weight=balanced", "train.validation_split=0.2"},
         {{}, {"seed=8"}, {"model.0.kernel_regularizer.l2=0.1"}})
      .check_as_alone();
}

TEST_CASE("stack: trainings are resumed from checkpoints of their own") {
  const ScratchFolder folder;
  Trials trials({"train.checkpoint_every=1"}, {{}, {"seed=8"}, {"seed=9"}});
  std::vector<train::FitResult> whole;
  for (train::FitInput& input : trials.inputs()) whole.push_back(fit(input));
  std::vector<train::FitHooks> hooks(3);
  for (size_t i = 0; i < 3; ++i) {
    trials.inputs()[i].checkpoint = folder / ("trial-" + std::to_string(i));
    const auto epochs = std::make_shared<size_t>(0);
    hooks[i].should_stop = [i, epochs] { return ++*epochs == i + 1; };
  }
  for (const train::FitResult& cut : fit_together(trials.inputs(), hooks)) {
    CHECK(cut.status == train::FitStatus::kInterrupted);
  }
  const std::vector<train::FitResult> resumed = fit_together(trials.inputs());
  for (size_t i = 0; i < 3; ++i) {
    CAPTURE(i);
    check_same(resumed[i], whole[i]);
  }
}

TEST_CASE("stack: a training that stops early keeps its numbers while others go on") {
  Trials trials({"train.epochs=40",
                 "train.early_stopping={monitor: val_loss, patience: 2, "
                 "restore_best_weights: true}"},
                {{"train.optimizer.learning_rate=0.3"}, {}, {"train.optimizer.learning_rate=0.1"}});
  trials.check_as_alone();
  const std::vector<train::FitResult> results = fit_together(trials.inputs());
  CHECK(results[0].history.size() != results[1].history.size());
}

TEST_CASE("stack: each has a learning rate of its own on its own plateau") {
  Trials trials({"train.epochs=6",
                 "train.reduce_lr_on_plateau={monitor: loss, min_delta: 0.02, "
                 "patience: 1, factor: 0.5}"},
                {{"train.optimizer.learning_rate=0.3"}, {}, {"train.optimizer.learning_rate=0.1"}});
  trials.check_as_alone();
}

TEST_CASE("stack: one that diverges does not touch the others") {
  Trials trials({"train.optimizer={SGD: {learning_rate: 0.1}}", "model.0.activation=linear"},
                {{}, {"train.optimizer.learning_rate=1e30"}});
  const std::vector<train::FitResult> results = fit_together(trials.inputs());
  CHECK(results[1].status == train::FitStatus::kDiverged);
  check_same(results[0], fit(trials.inputs()[0]));
}

TEST_CASE("stack: one whose last step leaves no numbers is told as alone") {
  const std::string model =
      "model=[{Dense: 16}, {Dense: 16}, {Dense: {units: 1, activation: sigmoid}}]";
  for (const char* validation : {"train.validation_split=0.2", "train.validation_split=0"}) {
    CAPTURE(validation);
    Trials trials({"train.optimizer={SGD: {learning_rate: 0.1}}", model, "train.batch_size=1000",
                   "train.epochs=1", validation},
                  {{}, {"train.optimizer.learning_rate=1e38"}});
    const std::vector<train::FitResult> results = fit_together(trials.inputs());
    CHECK(results[1].status == train::FitStatus::kDiverged);
    CHECK(results[1].message == fit(trials.inputs()[1]).message);
    check_same(results[0], fit(trials.inputs()[0]));
  }
}

TEST_CASE("stack: other models") {
  const std::vector<std::vector<std::string>> seeds = {{}, {"seed=8"}};
  Trials({"dataset.shape=[2, 1, 1]",
          "model=[{Conv2D: {filters: 4, kernel_size: [2, 1], activation: relu}}, "
          "BatchNormalization, Flatten, {Dense: {units: 1, activation: sigmoid}}]"},
         seeds)
      .check_as_alone();
  Trials({"dataset.shape=[2, 1]", "model=[{LSTM: 6}, {Dense: {units: 1, activation: sigmoid}}]"},
         seeds)
      .check_as_alone();
  Trials({"dataset.shape=[2, 1]",
          "model=[{Dense: {units: 2, activation: relu}}, {Masking: 0}, {MixtureOfExperts: "
          "{experts: 3, experts_per_token: 2, intermediate_dim: 4, balance_loss: 0.3}}, "
          "GlobalAveragePooling1D, {Dense: {units: 1, activation: sigmoid}}]"},
         seeds)
      .check_as_alone();
  Trials({"train.loss=wasserstein", "train.metrics=[]", "train.loss.critic_steps=2",
          "model={GAN: {latent: 2, generator: [{Dense: 2}], discriminator: [{Dense: 1}]}}"},
         seeds)
      .check_as_alone();
}

TEST_CASE("stack: GANs whose generators step with other batches") {
  Trials trials({"train.loss=wasserstein", "train.metrics=[]", "train.loss.critic_steps=3",
                 "model={GAN: {latent: 2, generator: [{Dense: 2}], discriminator: [{Dense: 1}]}}"},
                {{}, {}, {}});
  trials.hold_out({20, 19, 80});
  trials.check_as_alone();
}

TEST_CASE("stack: a step of all is one launch, an epoch waits once, for the losses") {
  Trials trials({"train.metrics=[]", "dataset.split.test=0"}, {{}, {"seed=8"}, {"seed=9"}});
  const ProtectedContext* context = nullptr;
  trials.inputs()[0].backend = test::protected_backend(int64_t{1} << 30, &context);
  std::vector<test::ContextCalls> calls;
  std::vector<train::FitHooks> hooks(3);
  hooks[0].on_epoch = [&](const train::EpochRecord&) { calls.push_back(context->calls()); };
  fit_together(trials.inputs(), hooks);
  for (size_t i = 1; i + 1 < calls.size(); ++i) {
    CHECK(calls[i].launches - calls[i - 1].launches == 1 + 5);  // what was brought ahead is fetched
    CHECK(calls[i].uploads - calls[i - 1].uploads == 3);        // of the next epoch, by trial
    CHECK(calls[i].downloads - calls[i - 1].downloads == 1);
  }
}

TEST_CASE("stack: what cannot be one is refused") {
  const auto refused = [](const std::vector<std::string>& difference) {
    Trials trials({}, {{}, difference});
    return why_not_stacked(trials.inputs()[0], trials.inputs()[1]);
  };
  CHECK(refused({"seed=3", "model.1.rate=0.3"}) == "");
  const std::string more =
      "their experiments differ in more than seed, learning rate, dropout and penalties";
  CHECK(refused({"model.1.rate=0"}) == more);
  CHECK(refused({"train.optimizer={SGD: {}}"}) == more);
  CHECK(refused({"model.0.units=17"}) == more);
  CHECK(refused({"train.batch_size=16"}) == more);
  Trials trials({}, {{}, {"model.0.units=17"}});
  CHECK_THROWS_WITH_AS(fit_together(trials.inputs()),
                       ("these trainings cannot be stacked: " + more).c_str(), Error);
}
