#include "nn/layers/reshape.h"

#include <fmt/format.h>

#include "ops/functions.h"

namespace mlrun::nn {

const config::FieldList& ReshapeLayer::fields() {
  static const config::FieldList list =
      config::FieldListOf<ReshapeLayer>("Reshape", "The same elements under another shape.")
          .field("target_shape", &ReshapeLayer::target_shape,
                 "dimensions of one sample; one of them may be -1", config::required,
                 config::count(-1));
  return list;
}

ValueId ReshapeLayer::build(Builder& b, ValueId x) const {
  const Shape& from = b.graph().shape(x);
  const int64_t elements = from.sample_elements();
  std::vector<int64_t> dims = {kBatch};
  int64_t known = 1;
  int open = 0;
  for (const int64_t dim : target_shape) {
    if (dim != -1) known = capped_product(known, dim);
    open += dim == -1 ? 1 : 0;
  }
  if (open > 1) throw graph::ShapeError("only one dimension of target_shape may be -1");
  for (const int64_t dim : target_shape) {
    dims.push_back(dim != -1 ? dim : known == 0 ? 0 : elements / known);
  }
  const Shape to(dims);
  if (to.sample_elements() != elements) {
    throw graph::ShapeError(
        fmt::format("cannot reshape {} to {}", from.to_string(), to.to_string()));
  }
  return ops::reshape(b.graph(), x, to);
}

}  // namespace mlrun::nn
