// Several trainings as one: the numbers of each are those it has alone.
#include <doctest/doctest.h>

#include <memory>

#include "base/error.h"
#include "device/protected_context.h"
#include "emulation/context.h"
#include "train/device_check.h"
#include "train/sample_experiment.h"

using namespace mlrun;
using test::check_same;
using test::input_of;
using test::ProtectedContext;
using test::SampleExperiment;

namespace {

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
                         .checkpoint = {},
                         .keep_model = true});
    }
  }

  std::vector<train::FitInput>& inputs() { return inputs_; }

  // On the CPU, copy by copy, and on a device; then with kernels that compute all copies at once.
  void check_as_alone() {
    for (const bool on_device : {false, true}) {
      CAPTURE(on_device);
      if (on_device) inputs_[0].backend = test::protected_backend();
      const std::vector<train::FitResult> results = fit_stack(inputs_);
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
    const std::vector<train::FitResult> results = fit_stack(inputs_);
    for (size_t i = 0; i < inputs_.size(); ++i) {
      CAPTURE(i);
      check_same(results[i], fit(inputs_[i]));
    }
    for (train::FitInput& input : inputs_) input.backend = ops::cpu_backend;
  }

  std::vector<std::unique_ptr<SampleExperiment>> experiments_;
  std::vector<train::FitInput> inputs_;
};

}  // namespace

TEST_CASE("stack: seeds and learning rates, the last batch smaller") {
  Trials({}, {{}, {"seed=8"}, {"train.optimizer.learning_rate=0.1"}, {"seed=9"}}).check_as_alone();
}

TEST_CASE("stack: in float16, each with the loss scale that its gradients allow") {
  Trials({"train.precision=float16",
          "train.loss_scale={initial_scale: 1073741824, dynamic_growth_steps: 3}"},
         {{}, {"seed=8"}, {"train.optimizer.learning_rate=3"}})
      .check_as_alone();
}

TEST_CASE("stack: folds, each with the scaling of its own rows") {
  Trials trials({"train.validation_split=0.2"}, {{}, {}, {}});
  const std::vector<int64_t> all =
      trials.inputs()[0].dataset.rows == 200 ? std::vector<int64_t>(200) : std::vector<int64_t>();
  REQUIRE(!all.empty());
  std::vector<std::vector<int64_t>> train(3);
  std::vector<std::vector<int64_t>> test(3);
  std::vector<train::FitInput> inputs;
  for (size_t fold = 0; fold < 3; ++fold) {
    for (int64_t row = 0; row < 180; ++row) {
      (row / 60 == static_cast<int64_t>(fold) ? test : train)[fold].push_back(row);
    }
    train::FitInput input{.spec = trials.inputs()[fold].spec,
                          .dataset = trials.inputs()[fold].dataset,
                          .train_rows = train[fold],
                          .test_rows = test[fold],
                          .fold = static_cast<uint32_t>(fold),
                          .checkpoint = {},
                          .keep_model = true};
    inputs.push_back(input);
  }
  const std::vector<train::FitResult> results = fit_stack(inputs);
  for (size_t i = 0; i < inputs.size(); ++i) {
    CAPTURE(i);
    check_same(results[i], fit(inputs[i]));
  }
}

TEST_CASE("stack: a training that stops early keeps its numbers while others go on") {
  Trials trials({"train.epochs=40",
                 "train.early_stopping={monitor: val_loss, patience: 2, "
                 "restore_best_weights: true}"},
                {{"train.optimizer.learning_rate=0.3"}, {}, {"train.optimizer.learning_rate=0.1"}});
  trials.check_as_alone();
  const std::vector<train::FitResult> results = fit_stack(trials.inputs());
  CHECK(results[0].history.size() != results[1].history.size());
}

TEST_CASE("stack: one that diverges does not touch the others") {
  Trials trials({"train.optimizer={SGD: {learning_rate: 0.1}}", "model.0.activation=linear"},
                {{}, {"train.optimizer.learning_rate=1e30"}});
  const std::vector<train::FitResult> results = fit_stack(trials.inputs());
  CHECK(results[1].status == train::FitStatus::kDiverged);
  check_same(results[0], fit(trials.inputs()[0]));
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
  Trials({"train.loss=wasserstein", "train.metrics=[]", "train.loss.critic_steps=2",
          "model={GAN: {latent: 2, generator: [{Dense: 2}], discriminator: [{Dense: 1}]}}"},
         seeds)
      .check_as_alone();
}

TEST_CASE("stack: a step of all is one launch, an epoch one upload and one wait for the losses") {
  Trials trials({"train.metrics=[]", "dataset.split.test=0"}, {{}, {"seed=8"}, {"seed=9"}});
  const ProtectedContext* context = nullptr;
  trials.inputs()[0].backend = test::protected_backend(int64_t{1} << 30, &context);
  std::vector<test::ContextCalls> calls;
  std::vector<train::FitHooks> hooks(3);
  hooks[0].on_epoch = [&](const train::EpochRecord&) { calls.push_back(context->calls()); };
  fit_stack(trials.inputs(), hooks);
  for (size_t i = 1; i + 1 < calls.size(); ++i) {
    CHECK(calls[i].launches - calls[i - 1].launches == 5);
    CHECK(calls[i].uploads - calls[i - 1].uploads == 1);
    CHECK(calls[i].downloads - calls[i - 1].downloads == 1);
  }
}

TEST_CASE("stack: what cannot be one is refused") {
  const auto refused = [](const std::vector<std::string>& difference) {
    Trials trials({}, {{}, difference});
    return why_not_stacked(trials.inputs()[0], trials.inputs()[1]);
  };
  CHECK(refused({"seed=3"}) == "");
  const std::string more = "their experiments differ in more than seed and learning rate";
  CHECK(refused({"train.optimizer={SGD: {}}"}) == more);
  CHECK(refused({"model.0.units=17"}) == more);
  CHECK(refused({"train.batch_size=16"}) == more);
  Trials trials({}, {{}, {"model.0.units=17"}});
  CHECK_THROWS_WITH_AS(fit_stack(trials.inputs()),
                       ("these trainings cannot be stacked: " + more).c_str(), Error);
}
