#include "nn/layers/capsule.h"

#include <fmt/format.h>

#include "nn/activations.h"
#include "ops/functions.h"
#include "ops/product/capsule.h"
#include "ops/product/position_matmul.h"

namespace mlrun::nn {

using ops::CapsuleProduct;

namespace {

ValueId product(graph::Graph& g, CapsuleProduct result, ValueId a, ValueId b) {
  return g.apply(std::make_shared<ops::CapsuleProductOp>(result), {a, b});
}

}  // namespace

const config::FieldList& Capsule::fields() {
  static const config::FieldList list =
      config::FieldListOf<Capsule>("Capsule", "Capsules that are routed to by agreement.")
          .field("num_capsule", &Capsule::num_capsule, "how many; as the last ones: classes",
                 config::required, config::count())
          .field("dim_capsule", &Capsule::dim_capsule, "numbers in the pose of each",
                 config::required, config::count())
          .field("routings", &Capsule::routings, "rounds of routing", config::between(1, 10))
          .field("kernel_initializer", &Capsule::kernel_initializer,
                 "start of the matrices that votes are made with");
  return list;
}

ValueId Capsule::build(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  const Shape below = g.shape(x);
  if (below.rank() != 3) {
    throw graph::ShapeError(
        fmt::format("needs capsules (N, I, D), not {}; add a Reshape layer", below.to_string()));
  }
  const ValueId kernel =
      b.weight("kernel", Shape{below[1], below[2], num_capsule * dim_capsule}, kernel_initializer);
  const ValueId flat = g.apply(std::make_shared<ops::PositionMatMulOp>(), {x, kernel});
  const ValueId votes = ops::reshape(g, flat, Shape{kBatch, below[1], num_capsule, dim_capsule});
  const float equal = 1.0f / static_cast<float>(num_capsule);
  ValueId coupling = ops::fill(g, x, Shape{kBatch, below[1], num_capsule}, equal);
  ValueId agreement = graph::kNoValue;
  for (int64_t round = 1;; ++round) {
    const ValueId pose = squash(g, product(g, CapsuleProduct::kPoses, coupling, votes));
    if (round == routings) {
      b.set_mask(pose, graph::kNoValue);  // as many as there were steps are no steps
      return pose;
    }
    const ValueId more = product(g, CapsuleProduct::kCoupling, votes, pose);
    agreement = agreement == graph::kNoValue ? more : ops::add(g, agreement, more);
    coupling = ops::softmax(g, agreement);
  }
}

const config::FieldList& Length::fields() {
  static const config::FieldList list("Length", "Length of the vectors on the last axis.");
  return list;
}

ValueId Length::build(Builder& b, ValueId x) const {
  const Shape& shape = b.graph().shape(x);
  if (shape.rank() < 3) {
    throw graph::ShapeError(fmt::format("needs vectors (N, ..., E), not {}", shape.to_string()));
  }
  const Shape rows(shape.dims().first(static_cast<size_t>(shape.rank() - 1)));
  return ops::reshape(b.graph(), lengths(b.graph(), x), rows);
}

}  // namespace mlrun::nn
