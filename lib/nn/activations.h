// Activation functions by their Keras names.
#pragma once

#include "config/codec.h"
#include "graph/graph.h"

namespace mlrun::nn {

struct ActivationKind {
  static constexpr std::string_view kName = "activation";
};

class Activation : public config::Component {
 public:
  /// Same shape as x.
  virtual graph::ValueId build(graph::Graph& g, graph::ValueId x) const = 0;
};

/// Empty means linear.
using ActivationRef = config::Ref<ActivationKind>;

const config::Catalog& activation_catalog();

/// One by name, with its defaults.
ActivationRef activation(std::string_view name);

graph::ValueId activate(graph::Graph& g, const ActivationRef& activation, graph::ValueId x);

/// Length of the vectors on the last axis: (..., E) -> (..., 1).
graph::ValueId lengths(graph::Graph& g, graph::ValueId x);

/// Each vector on the last axis scaled to length 1; one of zeros stays.
graph::ValueId unit_vectors(graph::Graph& g, graph::ValueId x);

/// Each vector on the last axis shortened to below 1: x |x| / (1 + |x|^2). Sabour, Frosst, Hinton
/// 2017, eq. 1.
graph::ValueId squash(graph::Graph& g, graph::ValueId x);

}  // namespace mlrun::nn

extern template struct mlrun::config::FieldOf<mlrun::nn::ActivationRef>;
