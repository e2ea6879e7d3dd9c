#include "nn/layers/graph_convolution.h"

#include <fmt/format.h>

#include "nn/layers/batch_normalization.h"
#include "nn/layers/dense.h"
#include "ops/functions.h"
#include "ops/sparse/graph_attention.h"

namespace mlrun::nn {
namespace {

using config::FieldList;
using config::FieldListOf;
using ops::Aggregation;

ValueId gather(Builder& b, Aggregation kind, ValueId x) {
  const Nodes& nodes = b.nodes(x);
  return ops::aggregate(b.graph(), nodes.adjacency, kind, x, nodes.graph);
}

// The aggregate times the kernel. The two commute: the narrower values are aggregated.
ValueId gather_product(Builder& b, Aggregation kind, ValueId x, ValueId kernel) {
  graph::Graph& g = b.graph();
  const bool narrows = g.shape(kernel).back() <= g.shape(x).back();
  return narrows ? gather(b, kind, ops::matmul(g, x, kernel))
                 : ops::matmul(g, gather(b, kind, x), kernel);
}

ValueId add_bias(Builder& b, ValueId y, bool use, const InitializerRef& start) {
  graph::Graph& g = b.graph();
  if (!use) return y;
  return ops::add(g, y, b.weight("bias", Shape{g.shape(y).back()}, start));
}

Shape with_back(const Shape& shape, std::initializer_list<int64_t> back) {
  std::vector<int64_t> dims(shape.dims().begin(), shape.dims().end() - 1);
  dims.insert(dims.end(), back);
  return Shape(dims);
}

}  // namespace

const FieldList& GcnConv::fields() {
  static const FieldList list =
      FieldListOf<GcnConv>("GCNConv",
                           "Graph convolution: activation(N x W + b), N the adjacency with loops, "
                           "divided by the roots of both degrees.")
          .field("units", &GcnConv::units, "size of the output", config::required, config::count())
          .field("activation", &GcnConv::activation, "applied to the result")
          .field("use_bias", &GcnConv::use_bias, "whether b is there")
          .field("kernel_initializer", &GcnConv::kernel_initializer, "start of W")
          .field("bias_initializer", &GcnConv::bias_initializer, "start of b")
          .field("kernel_regularizer", &GcnConv::kernel_regularizer, "penalty on W");
  return list;
}

ValueId GcnConv::build(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  const ValueId kernel = b.weight("kernel", Shape{g.shape(x).back(), units}, kernel_initializer,
                                  {true, kernel_regularizer});
  const ValueId y = gather_product(b, Aggregation::kSymmetric, x, kernel);
  return activate(g, activation, add_bias(b, y, use_bias, bias_initializer));
}

const FieldList& GatConv::fields() {
  static const FieldList list =
      FieldListOf<GatConv>("GATConv",
                           "Graph attention: each node weighs its neighbours and itself; weights "
                           "of edges are not used.")
          .field("units", &GatConv::units, "size of each head's output", config::required,
                 config::count())
          .field("heads", &GatConv::heads, "attentions side by side", config::count())
          .field("concat", &GatConv::concat, "heads side by side, else their mean")
          .field("negative_slope", &GatConv::negative_slope, "of the leaky ReLU of the logits")
          .field("dropout", &GatConv::dropout, "fraction of the attention dropped",
                 config::fraction())
          .field("activation", &GatConv::activation, "applied to the result")
          .field("use_bias", &GatConv::use_bias, "whether a bias is added")
          .field("kernel_initializer", &GatConv::kernel_initializer, "start of W")
          .field("attention_initializer", &GatConv::attention_initializer,
                 "start of the attention vectors")
          .field("bias_initializer", &GatConv::bias_initializer, "start of the bias")
          .field("kernel_regularizer", &GatConv::kernel_regularizer, "penalty on W");
  return list;
}

ValueId GatConv::mean_of_heads(graph::Graph& g, ValueId y) const {
  const Shape& shape = g.shape(y);
  ValueId sum = graph::kNoValue;
  for (int64_t head = 0; head < heads; ++head) {
    const ValueId part = ops::slice(g, y, shape.rank() - 1, head * units, (head + 1) * units);
    sum = sum == graph::kNoValue ? part : ops::add(g, sum, part);
  }
  return ops::scale(g, sum, 1.0f / static_cast<float>(heads));
}

ValueId GatConv::build(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  const Nodes& nodes = b.nodes(x);
  const int64_t all = heads * units;
  const ValueId kernel = b.weight("kernel", Shape{g.shape(x).back(), all}, kernel_initializer,
                                  {true, kernel_regularizer});
  ops::GraphAttentionInputs in;
  in.h = ops::matmul(g, x, kernel);
  const Shape by_head = with_back(g.shape(in.h), {heads, units});
  const auto scores = [&](const char* weight) {
    const ValueId vector = b.weight(weight, Shape{heads, units}, attention_initializer);
    const ValueId product = ops::mul(g, ops::reshape(g, in.h, by_head), vector);
    const ValueId sum = ops::reduce_to(g, product, with_back(g.shape(in.h), {heads, 1}));
    return ops::reshape(g, sum, with_back(g.shape(in.h), {heads}));
  };
  in.a = scores("attention_source");
  in.b = scores("attention_target");
  in.graph = nodes.graph;
  ops::GraphAttentionOptions options{heads, static_cast<float>(negative_slope), 0, 0};
  if (b.training() && dropout > 0) {
    options.dropout = static_cast<float>(dropout);
    options.salt = b.next_salt();
    in.random = b.random_state();
  }
  ValueId y = ops::graph_attention(g, nodes.adjacency, options, in);
  if (!concat) y = mean_of_heads(g, y);
  return activate(g, activation, add_bias(b, y, use_bias, bias_initializer));
}

const FieldList& SageConv::fields() {
  static const FieldList list =
      FieldListOf<SageConv>("SAGEConv",
                            "GraphSAGE: activation(aggregate of the neighbours W + x R + b).")
          .field("units", &SageConv::units, "size of the output", config::required, config::count())
          .field("aggregator", &SageConv::aggregator,
                 "of the neighbours; mean and max do not use the weights of edges")
          .field("normalize", &SageConv::normalize, "scale the result of each node to length 1")
          .field("activation", &SageConv::activation, "applied to the result")
          .field("use_bias", &SageConv::use_bias, "whether b is there")
          .field("kernel_initializer", &SageConv::kernel_initializer, "start of W and R")
          .field("bias_initializer", &SageConv::bias_initializer, "start of b")
          .field("kernel_regularizer", &SageConv::kernel_regularizer, "penalty on W and R");
  return list;
}

ValueId SageConv::build(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  const Shape shape{g.shape(x).back(), units};
  const WeightOptions options{true, kernel_regularizer};
  const ValueId kernel = b.weight("kernel", shape, kernel_initializer, options);
  const ValueId root = b.weight("root_kernel", shape, kernel_initializer, options);
  ValueId seen = graph::kNoValue;
  switch (aggregator) {
    case SageAggregator::kMean:
      seen = gather_product(b, Aggregation::kMean, x, kernel);
      break;
    case SageAggregator::kSum:
      seen = gather_product(b, Aggregation::kSum, x, kernel);
      break;
    case SageAggregator::kMax: {
      const Nodes& nodes = b.nodes(x);
      seen = ops::matmul(g, ops::neighbour_max(g, nodes.adjacency, x, nodes.graph), kernel);
    }
  }
  ValueId y = ops::add(g, seen, ops::matmul(g, x, root));
  y = activate(g, activation, add_bias(b, y, use_bias, bias_initializer));
  return normalize ? unit_vectors(g, y) : y;
}

const FieldList& GinConv::fields() {
  static const FieldList list =
      FieldListOf<GinConv>("GINConv",
                           "Graph isomorphism layer: MLP((1 + epsilon) x + sum of the neighbours).")
          .field("units", &GinConv::units, "size of the output", config::required, config::count())
          .field("mlp_hidden", &GinConv::mlp_hidden,
                 "hidden layers of the MLP; default: one as large as the output", config::count())
          .field("mlp_activation", &GinConv::mlp_activation, "of the hidden layers")
          .field("mlp_batchnorm", &GinConv::mlp_batchnorm,
                 "batch normalisation before each of these activations")
          .field("activation", &GinConv::activation, "applied to the result")
          .field("epsilon", &GinConv::epsilon, "weight of the node itself beyond 1")
          .field("train_epsilon", &GinConv::train_epsilon, "epsilon is learned from there");
  return list;
}

ValueId GinConv::build(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  ValueId own = x;
  if (train_epsilon) {
    const ValueId learned = b.weight("epsilon", Shape{1}, constant(epsilon));
    own = ops::mul(g, x, ops::offset(g, learned, 1));
  } else if (epsilon != 0) {
    own = ops::scale(g, x, static_cast<float>(1 + epsilon));
  }
  ValueId y = ops::add(g, own, gather(b, Aggregation::kSum, x));
  b.keep_mask(x, y);
  int64_t number = 0;
  for (const int64_t hidden : mlp_hidden.value_or(std::vector{units})) {
    const std::string suffix = number == 0 ? "" : fmt::format("_{}", number);
    Dense dense;
    dense.units = hidden;
    y = b.add("dense" + suffix, dense, y);
    if (mlp_batchnorm) y = b.add("batch_normalization" + suffix, BatchNormalization(), y);
    const ValueId active = activate(g, mlp_activation, y);
    b.keep_mask(y, active);
    y = active;
    ++number;
  }
  Dense last;
  last.units = units;
  last.activation = activation;
  return b.add(number == 0 ? "dense" : fmt::format("dense_{}", number), last, y);
}

}  // namespace mlrun::nn
