// The weights of one training as the start of another.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nn/layer.h"
#include "store/model_file.h"

namespace mlrun::train {

/// What becomes of the weights in a file, by the names of the variables ("dense/kernel").
struct TakeOver {
  std::vector<std::string> taken;   ///< of the file, into the model
  std::vector<std::string> fresh;   ///< of the model alone: they start as their initializers say
  std::vector<std::string> unused;  ///< of the file alone
};

TakeOver take_over(const store::ModelFile& file, std::span<const nn::Variable> variables);

/// Null where the file has no weight of that name.
const store::NamedArray* find_weight(const store::ModelFile& file, std::string_view name);

bool has_shape(const store::NamedArray& array, const Shape& shape);

/// A file without any weight of the model is an error at `mark`; a weight of another shape is one
/// at the layer whose it is, of `layers`.
void check_take_over(const store::ModelFile& file, std::span<const nn::Variable> variables,
                     std::span<const nn::LayerSummary> layers, const Mark& mark,
                     Diagnostics& diagnostics);

}  // namespace mlrun::train
