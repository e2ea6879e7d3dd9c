#include "train/device_check.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "device/protected_context.h"

namespace mlrun::test {
namespace {

bool same(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); });
}

}  // namespace

void check_same(const train::FitResult& a, const train::FitResult& b) {
  CHECK(a.status == b.status);
  CHECK(same(a.test, b.test));
  CHECK(a.predictions == b.predictions);
  CHECK(a.model.weights == b.model.weights);
  CHECK(a.model.state == b.model.state);
  CHECK(a.model.scalars == b.model.scalars);
  REQUIRE(a.history.size() == b.history.size());
  for (size_t i = 0; i < a.history.size(); ++i) {
    CAPTURE(i);
    CHECK(a.history[i].epoch == b.history[i].epoch);
    CHECK(same(a.history[i].training, b.history[i].training));
    CHECK(same(a.history[i].validation, b.history[i].validation));
  }
}

void check_on_device(train::FitInput input, const train::FitResult& want) {
  INFO("on a device");
  input.backend = protected_backend();
  check_same(train::fit(input), want);
}

}  // namespace mlrun::test
