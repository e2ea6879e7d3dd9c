#include "train/device_check.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "device/protected_context.h"
#include "emulation/context.h"
#include "gpu.h"
#include "ops/cuda_kernels.h"
#include "train/gpu.h"

namespace mlrun::test {
namespace {

bool same(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); });
}

}  // namespace

void check_close(const train::FitResult& got, const train::FitResult& want) {
  constexpr double kFirstEpoch = 1e-4;
  constexpr double kLater = 0.02;
  CHECK(got.status == want.status);
  REQUIRE(got.history.size() == want.history.size());
  for (size_t i = 0; i < want.history.size(); ++i) {
    CAPTURE(i);
    const double a = got.history[i].training[0];
    const double b = want.history[i].training[0];
    CHECK(std::abs(a - b) <= (i == 0 ? kFirstEpoch : kLater) * std::max(std::abs(b), 1.0));
  }
}

void check_same(const train::FitResult& a, const train::FitResult& b) {
  CHECK(a.status == b.status);
  CHECK(same(a.test, b.test));
  CHECK(a.predictions == b.predictions);
  CHECK(a.model.weights == b.model.weights);
  CHECK(a.model.state == b.model.state);
  CHECK(a.model.scalars == b.model.scalars);
  CHECK(same({a.loss_scale.scale}, {b.loss_scale.scale}));
  CHECK(a.loss_scale.skipped_steps == b.loss_scale.skipped_steps);
  REQUIRE(a.history.size() == b.history.size());
  for (size_t i = 0; i < a.history.size(); ++i) {
    CAPTURE(i);
    CHECK(a.history[i].epoch == b.history[i].epoch);
    CHECK(same(a.history[i].training, b.history[i].training));
    CHECK(same(a.history[i].validation, b.history[i].validation));
  }
}

void check_on_device(train::FitInput input, const train::FitResult& want) {
  {
    INFO("on a device");
    input.backend = protected_backend();
    check_same(train::fit(input), want);
  }
  if (emulation::is_worth_running()) {
    INFO("on an emulated GPU");
    input.backend = emulated_gpu();
    check_close(train::fit(input), want);
  }
  if (!gpu_is_there()) return;
  INFO("on the GPU");
  check_close(train::fit_on_gpu(input), want);
}

graph::BackendFactory emulated_gpu() {
  return [](int /*threads*/) {
    return graph::Backend{&ops::cuda_kernels(), std::make_unique<emulation::EmulatedContext>(),
                          true};
  };
}

}  // namespace mlrun::test
