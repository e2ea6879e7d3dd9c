#include "nn/layers/rbf.h"

#include <fmt/format.h>

#include <cmath>

#include "ops/functions.h"

namespace mlrun::nn {

using ops::Ew;

namespace {

// |x - c|^2 = |x|^2 - 2 x c + |c|^2, never below 0: x (N, ..., C), c (K, C) -> (N, ..., K).
ValueId squared_distances(graph::Graph& g, ValueId x, ValueId centers) {
  const Shape units{g.shape(centers)[0]};
  const ValueId mixed = ops::scale(g, ops::matmul(g, x, centers, false, true), -2);
  const ValueId of_centers = ops::reshape(g, ops::squared_norms(g, centers), units);
  const ValueId sum = ops::add(g, ops::add(g, mixed, of_centers), ops::squared_norms(g, x));
  return ops::unary(g, Ew::kMaximumC, sum, 0);
}

}  // namespace

const config::FieldList& Rbf::fields() {
  static const config::FieldList list =
      config::FieldListOf<Rbf>("RBF", "Gaussians around centres: exp(-gamma |x - c|^2).")
          .field("units", &Rbf::units, "number of centres", config::required, config::count())
          .field("gamma", &Rbf::gamma, "where 1 / (2 width^2) starts; default: 1 / features",
                 config::above(0))
          .field("centers_initializer", &Rbf::centers_initializer, "start of the centres");
  return list;
}

ValueId Rbf::build(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  if (g.shape(x).rank() < 2) {
    throw graph::ShapeError(fmt::format("needs (N, ..., C), not {}", g.shape(x).to_string()));
  }
  const int64_t channels = g.shape(x).back();
  const ValueId centers = b.weight("centers", Shape{units, channels}, centers_initializer);
  const auto scale = static_cast<double>(channels);
  const double start = gamma ? std::log(*gamma * scale) : 0;
  const ValueId log_scaled = b.weight("log_scaled_gamma", Shape{units}, constant(start));
  const ValueId factor =
      ops::scale(g, ops::unary(g, Ew::kExp, log_scaled), static_cast<float>(-1 / scale));
  return ops::unary(g, Ew::kExp, ops::mul(g, squared_distances(g, x, centers), factor));
}

}  // namespace mlrun::nn
