#include "nn/layers/graph_readout.h"

#include "ops/functions.h"
#include "ops/image.h"

namespace mlrun::nn {
namespace {

using config::FieldList;
using config::FieldListOf;

// (N, V, C), and 1 for the nodes of each graph as (N, V).
ValueId nodes_mask(Builder& b, ValueId x) {
  const ValueId mask = b.mask(x);
  if (b.nodes(x).graph == graph::kNoValue || mask == graph::kNoValue) {
    throw graph::ShapeError("needs a graph for each row; there is one for all");
  }
  return mask;
}

// Sums over the nodes of each graph: a product with the mask.
ValueId sum_of_nodes(graph::Graph& g, ValueId x, ValueId mask) {
  const int64_t nodes = g.shape(x)[1];
  const ValueId row = ops::reshape(g, mask, Shape{kBatch, 1, nodes});
  return ops::reshape(g, ops::batch_matmul(g, row, x), Shape{kBatch, g.shape(x).back()});
}

}  // namespace

const FieldList& GlobalSumPool::fields() {
  static const FieldList list("GlobalSumPool", "The sum over the nodes of each graph.");
  return list;
}

ValueId GlobalSumPool::build(Builder& b, ValueId x) const {
  return sum_of_nodes(b.graph(), x, nodes_mask(b, x));
}

const FieldList& GlobalAveragePool::fields() {
  static const FieldList list("GlobalAvgPool", "The mean over the nodes of each graph.");
  return list;
}

ValueId GlobalAveragePool::build(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  const ValueId mask = nodes_mask(b, x);
  const ValueId count = ops::reduce_to(g, mask, Shape{kBatch, 1});
  return ops::div(g, sum_of_nodes(g, x, mask), ops::unary(g, ops::Ew::kMaximumC, count, 1));
}

const FieldList& GlobalMaxPool::fields() {
  static const FieldList list("GlobalMaxPool", "The largest over the nodes of each graph.");
  return list;
}

ValueId GlobalMaxPool::build(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  const int64_t nodes = g.shape(x)[1];
  const ValueId mask = ops::reshape(g, nodes_mask(b, x), Shape{kBatch, nodes, 1});
  constexpr float kLow = 1e30f;
  const ValueId low = ops::scale(g, ops::offset(g, mask, -1), kLow);
  const ValueId masked = ops::add(g, ops::mul(g, x, mask), low);
  const ValueId image = ops::reshape(g, masked, Shape{kBatch, 1, nodes, g.shape(x).back()});
  const ValueId y = ops::pool_all(g, image, ops::Pooling::kMax);
  return ops::reshape(g, y, Shape{kBatch, g.shape(x).back()});
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
