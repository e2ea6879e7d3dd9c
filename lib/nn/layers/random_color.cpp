#include "nn/layers/random_color.h"

#include "ops/functions.h"

namespace mlrun::nn {

using ops::Ew;

namespace {

constexpr const char* kRange = "what the result is cut to: lowest and highest value";

void check_range(const std::vector<double>& range) {
  if (range.size() == 2 && range[0] < range[1]) return;
  throw graph::ShapeError("value_range must be two numbers, the lower one first");
}

// A number for each image, (N, 1, 1, 1), from [low, high).
ValueId draw(Builder& b, ValueId images, double low, double high) {
  graph::Graph& g = b.graph();
  const ValueId least = ops::fill(g, images, Shape{kBatch, 1, 1, 1}, static_cast<float>(low));
  return ops::add_uniform(g, least, b.random_state(), static_cast<float>(high - low),
                          b.next_salt());
}

ValueId clip(graph::Graph& g, ValueId x, const std::vector<double>& range) {
  return ops::unary(g, Ew::kMinimumC, ops::unary(g, Ew::kMaximumC, x, static_cast<float>(range[0])),
                    static_cast<float>(range[1]));
}

}  // namespace

const config::FieldList& RandomBrightness::fields() {
  static const config::FieldList list =
      config::FieldListOf<RandomBrightness>("RandomBrightness",
                                            "Images made brighter or darker, in training.")
          .field("factor", &RandomBrightness::factor, "most that is added, as part of the range",
                 config::required, config::between(0, 1))
          .field("value_range", &RandomBrightness::value_range, kRange);
  return list;
}

ValueId RandomBrightness::build(Builder& b, ValueId x) const {
  check_range(value_range);
  x = as_images<ImageSize>(b, x);
  if (!b.augments()) return x;
  const double most = factor * (value_range[1] - value_range[0]);
  return clip(b.graph(), ops::add(b.graph(), x, draw(b, x, -most, most)), value_range);
}

const config::FieldList& RandomContrast::fields() {
  static const config::FieldList list =
      config::FieldListOf<RandomContrast>("RandomContrast",
                                          "Images with more or less contrast, in training.")
          .field("factor", &RandomContrast::factor, "most that the contrast changes by",
                 config::required, config::between(0, 1))
          .field("value_range", &RandomContrast::value_range, kRange);
  return list;
}

ValueId RandomContrast::build(Builder& b, ValueId x) const {
  check_range(value_range);
  x = as_images<ImageSize>(b, x);
  if (!b.augments()) return x;
  graph::Graph& g = b.graph();
  const ValueId mean = ops::reduce_to(g, x, Shape{kBatch, 1, 1, 1}, true);
  const ValueId difference = ops::mul(g, ops::sub(g, x, mean), draw(b, x, 1 - factor, 1 + factor));
  return clip(g, ops::add(g, difference, mean), value_range);
}

}  // namespace mlrun::nn
