#include "nn/layers/graph_readout.h"

#include <fmt/format.h>

#include "nn/layers/masking.h"
#include "ops/functions.h"

namespace mlrun::nn {
namespace {

using config::FieldList;
using config::FieldListOf;

}  // namespace

const FieldList& GlobalSumPool::fields() {
  static const FieldList list("GlobalSumPool",
                              "The sum over the nodes of each graph, or the steps of a series.");
  return list;
}

ValueId GlobalSumPool::build(Builder& b, ValueId x) const {
  const Shape& shape = b.graph().shape(x);
  if (shape.rank() != 3) {
    throw graph::ShapeError(fmt::format("needs (N, T, C), not {}", shape.to_string()));
  }
  return sum_of_steps(b, x);
}

const FieldList& LinkEmbedding::fields() {
  static const FieldList list =
      FieldListOf<LinkEmbedding>("LinkEmbedding", "The two nodes of each row's link as one.")
          .field("method", &LinkEmbedding::method,
                 "inner product, product, side by side, distance, its square, or mean");
  return list;
}

ValueId LinkEmbedding::build(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  const Nodes& nodes = b.nodes(x);
  if (nodes.links == graph::kNoValue) {
    throw graph::ShapeError("needs rows that are links: set dataset.graph.predict");
  }
  const int64_t width = g.shape(x).back();
  const ValueId ends = ops::embedding(g, x, nodes.links);
  const auto end = [&](int64_t i) {
    return ops::reshape(g, ops::slice(g, ends, 1, i, i + 1), Shape{kBatch, width});
  };
  const ValueId difference = ops::sub(g, end(0), end(1));
  switch (method) {
    case LinkMethod::kDot:
      return ops::reduce_to(g, ops::mul(g, end(0), end(1)), Shape{kBatch, 1});
    case LinkMethod::kMultiply:
      return ops::mul(g, end(0), end(1));
    case LinkMethod::kConcatenate:
      return ops::reshape(g, ends, Shape{kBatch, 2 * width});
    case LinkMethod::kL1:
      return ops::unary(g, ops::Ew::kAbs, difference);
    case LinkMethod::kL2:
      return ops::unary(g, ops::Ew::kSquare, difference);
    case LinkMethod::kAverage:
      break;
  }
  return ops::scale(g, ops::add(g, end(0), end(1)), 0.5f);
}

}  // namespace mlrun::nn
