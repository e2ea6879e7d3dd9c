#include <doctest/doctest.h>

#include <cmath>

#include "base/error.h"
#include "scratch_folder.h"
#include "train/device_check.h"
#include "train/fit.h"
#include "train/sample_experiment.h"

using namespace mlrun;
using test::check_same;
using test::input_of;
using test::SampleExperiment;

namespace {

const std::vector<std::string> kAutoencoder = {
    "train.target=input", "train.loss=mse", "train.metrics=[auc]",
    "model=[{Dense: {units: 8, activation: tanh}}, {Dense: 1}, {Dense: {units: 8, activation: "
    "tanh}}, {Dense: 2}]"};

const std::vector<std::string> kVariational = {
    "train.target=input", "train.loss=mse", "train.reduction=sum", "train.metrics=[]",
    "model=[{Dense: {units: 8, activation: tanh, name: hidden}}, {Dense: {units: 2, name: mean}}, "
    "{Dense: {units: 2, name: log_var, inputs: hidden}}, {Sampling: {inputs: [mean, log_var]}}, "
    "{Dense: 2}]"};

const std::vector<std::string> kGan = {
    "train.loss=non_saturating", "train.metrics=[]", "dataset.standardize=false",
    "model={GAN: {latent: 2, generator: [{Dense: {units: 16, activation: relu}}, {Dense: 2}], "
    "discriminator: [{Dense: {units: 16, activation: relu}}, {Dense: 1}]}}"};

const std::vector<std::string> kPenalty = {
    "train.loss=wasserstein", "train.metrics=[]", "train.loss.critic_steps=2",
    "model={GAN: {latent: 2, conditional: true, generator: [{Dense: {units: 8, activation: tanh}}, "
    "{Dense: 2}], discriminator: [{Dense: {units: 8, activation: tanh}}, {Dense: {units: 1, "
    "activation: linear}}], generator_optimizer: {RMSprop: {learning_rate: 0.001}}}}"};

// Transposed and strided convolutions, as in a DCGAN.
const std::vector<std::string> kConvolutional = {
    "train.loss=non_saturating", "train.metrics=[]", "dataset.shape=[2, 1, 1]",
    "model={GAN: {latent: 2, generator: [{Dense: 4}, {Reshape: [1, 1, 4]}, BatchNormalization, "
    "{Conv2DTranspose: {filters: 1, kernel_size: [2, 1], strides: 2, padding: same}}, "
    "{Cropping2D: [[0, 0], [0, 1]]}], discriminator: [{Conv2D: {filters: 4, kernel_size: [2, 1], "
    "activation: {leaky_relu: 0.2}}}, Flatten, {Dense: 1}]}}"};

std::vector<std::string> with(std::vector<std::string> settings,
                              const std::vector<std::string>& more) {
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

}  // namespace

TEST_CASE("autoencoder: one number tells most of two moons; rows are scored by their error") {
  const SampleExperiment e(with(kAutoencoder, {"train.epochs=300", "seed=3"}));
  const train::FitResult result = fit(input_of(e));
  CHECK(result.output_width == 1);
  CHECK(result.test[0] < 0.25);  // of a variance of 1; the best straight line leaves 0.30
  double sum = 0;
  for (const float score : result.predictions) sum += score;
  CHECK(sum / 50 == doctest::Approx(result.test[0]));
}

TEST_CASE("variational autoencoder: the KL divergence is part of the loss, and reported") {
  const SampleExperiment e(kVariational);
  CHECK(train::score_names(e.spec) == std::vector<std::string>{"loss", "kl"});
  const train::FitResult result = fit(input_of(e));
  CHECK(result.history.back().training[0] < result.history.front().training[0]);
  CHECK(result.test[1] > 0);
  CHECK(result.test[0] > result.test[1]);
}

TEST_CASE("variational layers: class weights and ignored classes leave the KL divergence alone") {
  const std::vector<std::string> classifier = {
      "train.metrics=[log_loss]", "train.epochs=1", "train.optimizer={SGD: {learning_rate: 0}}",
      "model=[{Dense: {units: 8, activation: tanh, name: hidden}}, {Dense: {units: 2, name: mean}},"
      " {Dense: {units: 2, name: log_var, inputs: hidden}}, {Sampling: {beta: 0.5, inputs: [mean, "
      "log_var]}}, {Dense: {units: 2, activation: softmax}}]"};
  const auto check = [&](const std::vector<std::string>& more, double weight) {
    const SampleExperiment e(with(classifier, more));
    const train::FitInput input = input_of(e);
    const train::FitResult result = fit(input);
    const auto check_sum = [](const std::vector<double>& scores, double factor) {
      CHECK(scores.at(0) ==
            doctest::Approx(factor * scores.at(1) + 0.5 * scores.at(2)).epsilon(1e-5));
    };
    check_sum(result.history.at(0).training, weight);
    check_sum(result.test, 1);
    test::check_on_device(input, result);
    return result.history.at(0).training.at(2);
  };
  const double kl = check({"train.loss=sparse_categorical_crossentropy"}, 1);
  CHECK(check({"train.loss=sparse_categorical_crossentropy", "train.class_weight={0: 3, 1: 3}"},
              3) == doctest::Approx(kl));
  CHECK(check({"train.loss={sparse_categorical_crossentropy: {ignore_class: 0}}"}, 1) ==
        doctest::Approx(kl));
}

TEST_CASE("GAN: the made samples come to lie where the data is") {
  const SampleExperiment e(with(kGan, {"train.epochs=30"}));
  CHECK(train::score_names(e.spec) == std::vector<std::string>{"loss", "generator_loss"});
  const train::FitResult result = fit(input_of(e));
  CHECK(result.status == train::FitStatus::kFinished);
  // Of an undecided discriminator: 2 log 2 and log 2.
  CHECK(result.test[0] == doctest::Approx(2 * std::log(2)).epsilon(0.35));
  CHECK(result.test[1] == doctest::Approx(std::log(2)).epsilon(0.7));
  CHECK(result.model.scalars.at("generator_step") == 30 * 5);
}

TEST_CASE("GAN: the discriminator's steps are counted over all epochs") {
  // 4 batches an epoch: the generator's first step is in the second epoch, every fifth has none.
  const SampleExperiment e(with(kGan, {"train.loss.critic_steps=5", "train.batch_size=38",
                                       "train.epochs=20", "train.checkpoint_every=1",
                                       "train.early_stopping={monitor: generator_loss, patience: "
                                       "20}"}));
  train::FitInput input = input_of(e);
  const train::FitResult whole = fit(input);
  CHECK(whole.model.scalars.at("step") == 80);
  CHECK(whole.model.scalars.at("generator_step") == 16);
  const auto generator_loss = [&](size_t epoch) { return whole.history[epoch].training[1]; };
  CHECK(std::isnan(generator_loss(0)));
  for (size_t epoch = 1; epoch < 20; ++epoch) {
    CAPTURE(epoch);
    CHECK((generator_loss(epoch) == generator_loss(epoch - 1)) == (epoch % 5 == 0));
  }
  test::check_on_device(input, whole);
  const ScratchFolder folder;
  input.checkpoint = folder / "cut.h5";
  for (int cut = 0; cut < 3; ++cut) {
    int epochs = 0;
    const auto part = fit(input, {[&](const train::EpochRecord&) { ++epochs; },
                                  [&] { return epochs >= 5 * (cut + 1); }});
    CHECK(part.status == train::FitStatus::kInterrupted);
  }
  check_same(whole, fit(input));
}

TEST_CASE("generative models: the same bits with more threads, and after an interruption") {
  for (const auto& settings : {kVariational, kGan, kPenalty, kConvolutional}) {
    CAPTURE(settings[3]);
    const ScratchFolder folder;
    const SampleExperiment e(with(settings, {"train.epochs=5", "train.checkpoint_every=2"}));
    train::FitInput input = input_of(e);
    const train::FitResult whole = fit(input);
    CHECK(whole.status == train::FitStatus::kFinished);
    input.threads = 3;
    check_same(whole, fit(input));
    test::check_on_device(input, whole);
    input.checkpoint = folder / "cut.h5";
    int epochs = 0;
    const train::FitResult part =
        fit(input, {[&](const train::EpochRecord&) { ++epochs; }, [&] { return epochs >= 3; }});
    CHECK(part.status == train::FitStatus::kInterrupted);
    check_same(whole, fit(input));
  }
}

TEST_CASE("generative models: what does not go together is refused with its position") {
  const auto refused = [](std::vector<std::string> settings, const char* why) {
    CAPTURE(why);
    try {
      const SampleExperiment e(settings);
      FAIL("accepted");
    } catch (const InputError& error) {
      CHECK(std::string(error.what()).find(why) != std::string::npos);
    }
  };
  refused(with(kGan, {"train.loss=mse"}), "loss mean_squared_error does not go with the model GAN");
  refused({"train.loss=wasserstein", "train.metrics=[]"}, "loss wasserstein needs the model GAN");
  refused(with(kAutoencoder, {"train.loss=sparse_categorical_crossentropy"}),
          "cannot compare the output with the input");
  refused(with(kAutoencoder, {"train.metrics=[mse]"}), "metric mse needs a target");
  refused(with(kAutoencoder, {"model.3.units=3"}),
          "the target is the input (N, 2), but the model ends in (N, 3)");
  refused(with(kGan, {"model.generator.1.units=5"}), "the generator makes (N, 5)");
  refused(with(kGan, {"model.discriminator.1.units=2"}), "must end in one unit, not (N, 2)");
}
