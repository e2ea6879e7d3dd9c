// How weights start. Names, formulas and defaults are those of Keras.
#pragma once

#include <cstdint>
#include <span>

#include "base/philox.h"
#include "config/codec.h"
#include "tensor/shape.h"

namespace mlrun::nn {

struct InitializerKind {
  static constexpr std::string_view kName = "initializer";
};

class Initializer : public config::Component {
 public:
  /// Fills `out`, the row-major elements of a weight of `shape`. Element i of variable `index` is
  /// a function of (stream, index, i) alone.
  virtual void fill(std::span<float> out, const Shape& shape, const PhiloxStream& stream,
                    uint64_t index) const = 0;
};

using InitializerRef = config::Ref<InitializerKind>;

const config::Catalog& initializer_catalog();

/// The initializer of that name with its defaults.
InitializerRef initializer(std::string_view name);

/// RandomNormal around 0.
InitializerRef random_normal(double stddev);

InitializerRef constant(double value);

}  // namespace mlrun::nn

extern template struct mlrun::config::FieldOf<mlrun::nn::InitializerRef>;
