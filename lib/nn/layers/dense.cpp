#include "nn/layers/dense.h"

#include <fmt/format.h>

#include "ops/functions.h"

namespace mlrun::nn {

const config::FieldList& Dense::fields() {
  static const config::FieldList list =
      config::FieldListOf<Dense>("Dense", "Fully connected: activation(x W + b).")
          .field("units", &Dense::units, "size of the output", config::required, config::count())
          .field("activation", &Dense::activation, "applied to the result")
          .field("use_bias", &Dense::use_bias, "whether b is there")
          .field("kernel_initializer", &Dense::kernel_initializer, "start of W")
          .field("bias_initializer", &Dense::bias_initializer, "start of b")
          .field("kernel_regularizer", &Dense::kernel_regularizer, "penalty on W")
          .field("bias_regularizer", &Dense::bias_regularizer, "penalty on b");
  return list;
}

ValueId Dense::build(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  if (g.shape(x).rank() < 2) {
    throw graph::ShapeError(fmt::format("needs (N, ..., C), not {}", g.shape(x).to_string()));
  }
  const int64_t channels = g.shape(x).back();
  const ValueId kernel =
      b.weight("kernel", Shape{channels, units}, kernel_initializer, {true, kernel_regularizer});
  ValueId y = ops::matmul(g, x, kernel);
  if (use_bias) {
    y = ops::add(g, y, b.weight("bias", Shape{units}, bias_initializer, {true, bias_regularizer}));
  }
  return activate(g, activation, y);
}

}  // namespace mlrun::nn
