#include "train/initial_weights.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlrun::train {

const store::NamedArray* find_weight(const store::ModelFile& file, std::string_view name) {
  const auto found = std::find_if(file.weights.begin(), file.weights.end(),
                                  [&](const auto& array) { return array.name == name; });
  return found == file.weights.end() ? nullptr : &*found;
}

bool has_shape(const store::NamedArray& array, const Shape& shape) {
  return std::equal(shape.dims().begin(), shape.dims().end(), array.shape.begin(),
                    array.shape.end());
}

TakeOver take_over(const store::ModelFile& file, std::span<const nn::Variable> variables) {
  TakeOver all;
  for (const nn::Variable& variable : variables) {
    (find_weight(file, variable.name) ? all.taken : all.fresh).push_back(variable.name);
  }
  for (const store::NamedArray& array : file.weights) {
    const auto used = std::find(all.taken.begin(), all.taken.end(), array.name);
    if (used == all.taken.end()) all.unused.push_back(array.name);
  }
  return all;
}

void check_take_over(const store::ModelFile& file, std::span<const nn::Variable> variables,
                     std::span<const nn::LayerSummary> layers, const Mark& mark,
                     Diagnostics& diagnostics) {
  const TakeOver all = take_over(file, variables);
  if (all.taken.empty()) {
    diagnostics.error(mark, fmt::format("initial_weights holds no weight of this model, which has "
                                        "{}; it holds {}",
                                        fmt::join(all.fresh, ", "), fmt::join(all.unused, ", ")));
  }
  for (const nn::Variable& variable : variables) {
    const store::NamedArray* array = find_weight(file, variable.name);
    if (!array || has_shape(*array, variable.shape)) continue;
    const auto layer = std::find_if(layers.begin(), layers.end(), [&](const auto& row) {
      return variable.name.starts_with(row.name + "/");
    });
    diagnostics.error(
        layer == layers.end() ? mark : layer->mark,
        fmt::format("initial_weights holds '{}' as {}, but here it is {}; a layer of "
                    "another name starts afresh",
                    variable.name, Shape(array->shape).to_string(), variable.shape.to_string()));
  }
}

}  // namespace mlrun::train
