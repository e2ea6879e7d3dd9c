// What only a GPU can show of trainings; the other tests here run on one as well, where there is
// one.
#include "train/gpu.h"

#include <doctest/doctest.h>

#include <thread>

#include "device/device_error.h"
#include "gpu.h"
#include "ops/gpu_module.h"
#include "train/device_check.h"
#include "train/sample_experiment.h"

using namespace mlrun;
using test::check_close;
using test::check_same;
using test::has_gpu;
using test::input_of;
using test::SampleExperiment;

TEST_CASE("gpu: a training has the same bits in every run, also beside others") {
  if (!has_gpu()) return;
  const SampleExperiment e;
  const train::FitInput input = input_of(e);
  const train::FitResult alone = train::fit_on_gpu(input);
  std::vector<train::FitResult> results(6);
  std::vector<std::thread> threads;
  for (train::FitResult& result : results) {
    threads.emplace_back([&] { result = train::fit_on_gpu(input); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const train::FitResult& result : results) check_same(result, alone);
}

// Convolutions of 16 bits are cuDNN's, whose handle waits for the whole GPU when it goes.
TEST_CASE("gpu: trainings that begin and end beside others do not disturb them") {
  if (!has_gpu()) return;
  const SampleExperiment e({"dataset.shape=[2, 1, 1]", "train.precision=bf16",
                            "model=[{Conv2D: {filters: 8, kernel_size: [2, 1]}}, Flatten, "
                            "{Dense: {units: 1, activation: sigmoid}}]"});
  const train::FitInput input = input_of(e);
  const train::FitResult alone = train::fit_on_gpu(input);
  std::vector<std::thread> threads;
  std::vector<std::vector<train::FitResult>> results(6);
  for (std::vector<train::FitResult>& own : results) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) own.push_back(train::fit_on_gpu(input));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<train::FitResult>& own : results) {
    for (const train::FitResult& result : own) check_same(result, alone);
  }
}

TEST_CASE("gpu: what does not fit is out of memory, and the next training is not touched") {
  if (!has_gpu()) return;
  const SampleExperiment small;
  const train::FitResult before = train::fit_on_gpu(input_of(small));
  const SampleExperiment large({"model.0.units=100000", "train.batch_size=1000000"});
  CHECK_THROWS_AS(train::fit_on_gpu(input_of(large)), device::OutOfDeviceMemory);
  check_same(train::fit_on_gpu(input_of(small)), before);
}

TEST_CASE("gpu: a loss that is not finite ends the training") {
  if (!has_gpu()) return;
  const SampleExperiment e(
      {"train.optimizer={SGD: {learning_rate: 1e30}}", "train.metrics=[accuracy]"});
  CHECK(train::fit_on_gpu(input_of(e)).status == train::FitStatus::kDiverged);
}

TEST_CASE("gpu: a stack of trainings, each near what it is alone") {
  if (!has_gpu()) return;
  const SampleExperiment e;
  std::vector<train::FitInput> inputs(5, input_of(e));
  for (size_t i = 0; i < inputs.size(); ++i) {
    inputs[i].fold = static_cast<uint32_t>(i);
  }
  std::vector<train::FitResult> results(inputs.size());
  train::fit_all_on_gpu(inputs, {}, [&](size_t number, train::FitResult&& result) {
    results[number] = std::move(result);
  });
  for (size_t i = 0; i < inputs.size(); ++i) {
    CAPTURE(i);
    check_close(results[i], train::fit_on_gpu(inputs[i]));
  }
}
