#pragma once

#include "data/tokens.h"

namespace mlrun::data {

/// The tokens of a model that was trained before, in its order: nothing is learned. So a model can
/// go on from its weights.
struct OfModel : config::Component {
  std::string file;

  static const config::FieldList& fields();

  /// Throws InputError at `mark` where there is no such file, or none with tokens.
  std::shared_ptr<const Tokens> open(const std::filesystem::path& base, const Mark& mark) const;
};

/// Those of a model file. Throws InputError at `mark` as OfModel::open().
std::shared_ptr<const Tokens> stored_tokens(const std::filesystem::path& path, const Mark& mark);

}  // namespace mlrun::data
