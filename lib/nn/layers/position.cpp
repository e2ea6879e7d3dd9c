#include "nn/layers/position.h"

#include <fmt/format.h>

#include <cmath>

#include "ops/functions.h"
#include "ops/shape/shaping.h"

namespace mlrun::nn {
namespace {

// (T, C) of x (N, T, C).
Shape rows_of(const graph::Graph& g, ValueId x) {
  const Shape& shape = g.shape(x);
  if (shape.rank() != 3) {
    throw graph::ShapeError(fmt::format("needs (N, T, C), not {}", shape.to_string()));
  }
  return shape.tail(1);
}

}  // namespace

const config::FieldList& PositionalEncoding::fields() {
  static const config::FieldList list =
      config::FieldListOf<PositionalEncoding>("PositionalEncoding",
                                              "Adds sines and cosines of the position.")
          .field("max_wavelength", &PositionalEncoding::max_wavelength,
                 "of the slowest sine, over 2 pi", config::above(0));
  return list;
}

ValueId PositionalEncoding::build(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  const Shape rows = rows_of(g, x);
  ops::check_table(rows);
  std::vector<float> values;
  for (int64_t t = 0; t < rows[0]; ++t) {
    for (int64_t i = 0; i < rows[1]; ++i) {
      const double exponent = -static_cast<double>(i / 2 * 2) / static_cast<double>(rows[1]);
      const double angle = static_cast<double>(t) * std::pow(max_wavelength, exponent);
      values.push_back(static_cast<float>(i % 2 == 0 ? std::sin(angle) : std::cos(angle)));
    }
  }
  return ops::add(g, x, ops::constant(g, rows, std::move(values)));
}

const config::FieldList& PositionEmbedding::fields() {
  static const config::FieldList list =
      config::FieldListOf<PositionEmbedding>("PositionEmbedding",
                                             "Adds a learned row for each position.")
          .field("initializer", &PositionEmbedding::initializer, "start of the rows");
  return list;
}

ValueId PositionEmbedding::build(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  return ops::add(g, x, b.weight("embeddings", rows_of(g, x), initializer));
}

}  // namespace mlrun::nn
