// Layers that make one output of several inputs, as in Keras.
#pragma once

#include "nn/layer.h"

namespace mlrun::nn {

/// Inputs of one shape, combined element by element. An axis of length 1 is repeated, and a shape
/// with fewer axes has ones behind the batch, as in Keras: (N, C) beside (N, H, W, C) is a number
/// for each channel.
class ElementwiseMerge : public Layer {
 public:
  ValueId build_from(Builder& b, std::span<const ValueId> xs) const override;

 protected:
  /// Of the inputs so far and the next one.
  virtual ValueId combine(graph::Graph& g, ValueId a, ValueId x) const = 0;
  virtual ValueId finish(graph::Graph&, ValueId a, size_t /*count*/) const { return a; }
};

struct Add : ElementwiseMerge {
  static const config::FieldList& fields();
  ValueId combine(graph::Graph& g, ValueId a, ValueId x) const override;
};

struct Average : Add {
  static const config::FieldList& fields();
  ValueId finish(graph::Graph& g, ValueId a, size_t count) const override;
};

/// The first input minus all others (Keras: two inputs).
struct Subtract : ElementwiseMerge {
  static const config::FieldList& fields();
  ValueId combine(graph::Graph& g, ValueId a, ValueId x) const override;
};

struct Multiply : ElementwiseMerge {
  static const config::FieldList& fields();
  ValueId combine(graph::Graph& g, ValueId a, ValueId x) const override;
};

struct Maximum : ElementwiseMerge {
  static const config::FieldList& fields();
  ValueId combine(graph::Graph& g, ValueId a, ValueId x) const override;
};

struct Minimum : ElementwiseMerge {
  static const config::FieldList& fields();
  ValueId combine(graph::Graph& g, ValueId a, ValueId x) const override;
};

/// Inputs that differ only in `axis` (0 is the batch; negative from the end), side by side.
struct Concatenate : Layer {
  int64_t axis = -1;

  static const config::FieldList& fields();
  ValueId build_from(Builder& b, std::span<const ValueId> xs) const override;
};

/// x -> its part [begin, end) of `axis`: some of the features, as an input of their own.
struct Slice : Layer {
  int64_t begin = 0;
  std::optional<int64_t> end;
  int64_t axis = -1;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

}  // namespace mlrun::nn
