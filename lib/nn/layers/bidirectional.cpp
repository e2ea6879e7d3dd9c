#include "nn/layers/bidirectional.h"

#include <algorithm>
#include <cctype>

#include "ops/functions.h"

namespace mlrun::nn {
namespace {

// The layer walking the other way, its states again in the order of the steps.
struct OtherWay : Layer {
  const RecurrentLayer* layer = nullptr;

  ValueId build(Builder& b, ValueId x) const override {
    const ValueId y = layer->run(b, x, !layer->go_backwards);
    return layer->return_sequences ? ops::reverse_steps(b.graph(), y) : y;
  }
};

}  // namespace

const config::FieldList& Bidirectional::fields() {
  static const config::FieldList list =
      config::FieldListOf<Bidirectional>("Bidirectional", "A recurrent layer in both directions.")
          .field("layer", &Bidirectional::layer, "SimpleRNN, LSTM or GRU", config::required)
          .field("merge_mode", &Bidirectional::merge_mode, "how the two results become one");
  return list;
}

ValueId Bidirectional::build(Builder& b, ValueId x) const {
  const auto* forward = dynamic_cast<const RecurrentLayer*>(layer.object.get());
  if (!forward) throw graph::ShapeError("its layer must be SimpleRNN, LSTM or GRU");
  std::string type = layer.type->name;
  std::transform(type.begin(), type.end(), type.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  OtherWay other;
  other.layer = forward;
  other.trainable = forward->trainable;
  graph::Graph& g = b.graph();
  const ValueId one = b.add("forward_" + type, layer.type->name, *forward, std::span(&x, 1));
  const ValueId two = b.add("backward_" + type, layer.type->name, other, std::span(&x, 1));
  const ValueId y = merge(g, one, two);
  b.keep_mask(one, y);
  return y;
}

ValueId Bidirectional::merge(graph::Graph& g, ValueId one, ValueId two) const {
  switch (merge_mode) {
    case MergeMode::kConcat:
      return ops::concat(g, {one, two}, g.shape(one).rank() - 1);
    case MergeMode::kMul:
      return ops::mul(g, one, two);
    case MergeMode::kSum:
      return ops::add(g, one, two);
    case MergeMode::kAve:
      break;
  }
  return ops::scale(g, ops::add(g, one, two), 0.5f);
}

}  // namespace mlrun::nn
