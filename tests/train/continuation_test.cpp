#include "train/continuation.h"

#include <doctest/doctest.h>

#include <vector>

namespace mlrun::train {

TEST_CASE("continuation: tokens are drawn by the powers of their probabilities") {
  const std::vector<float> p = {0.25f, 0.5f, 0.25f};
  CHECK(draw(p, 1, 0.24) == 0);
  CHECK(draw(p, 1, 0.26) == 1);
  CHECK(draw(p, 1, 0.76) == 2);
  // Squared, 1 to 4 to 1.
  CHECK(draw(p, 0.5, 0.16) == 0);
  CHECK(draw(p, 0.5, 0.17) == 1);
  CHECK(draw(p, 0.5, 0.84) == 2);
}

TEST_CASE("continuation: the colder it is, the surer is the likeliest token") {
  const std::vector<float> p = {0.2f, 0.3f, 0.28f, 0.22f};
  for (const double temperature : {0.0, 1e-310, 1e-300, 1e-9, 0.0005, 0.002, 0.003}) {
    CAPTURE(temperature);
    for (const double uniform : {0.001, 0.5, 0.999}) CHECK(draw(p, temperature, uniform) == 1);
  }
}

}  // namespace mlrun::train
