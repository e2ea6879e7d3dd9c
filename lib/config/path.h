// Overrides by path: `model.0.units=50`, `train.optimizer.learning_rate=0.01`.
#pragma once

#include <string>
#include <string_view>

#include "config/catalog.h"

namespace mlrun::config {

/// Sets the value at `path` below `root`, a tree that `list` describes, creating maps on the way.
/// A component's name may be written or left out (model.0.units, model.0.Dense.units); the path
/// with all names is returned. A path that leads nowhere is reported at `mark`.
std::string set_path(Node& root, const FieldList& list, std::string_view path, const Node& value,
                     const Mark& mark, Reader& reader);

}  // namespace mlrun::config
