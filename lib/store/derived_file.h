// Files that are made from a model, such as predictions. An attribute tells them from all others: a
// verb may replace what a verb has made.
#pragma once

#include <filesystem>

#include "store/hdf5.h"

namespace mlrun::store {

/// The attribute of / that a derived file has.
Attributes::value_type derived_mark();

/// Whether `path` is an HDF5 file with that attribute.
bool is_derived_file(const std::filesystem::path& path);

}  // namespace mlrun::store
