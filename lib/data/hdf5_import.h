// HDF5 files into a cache file.
#pragma once

#include <string>

#include "data/cache_file.h"
#include "data/source.h"

namespace mlrun::data {

/// The arrays of the file's root, or of its only group if the root holds none, are the table: as
/// many rows each as their first dimension. An array of one dimension is one column of its name; a
/// larger one, `x`, is the columns x[0], x[1], ... of its rows laid flat. The fields of the spec
/// name a column or a whole array. If all features are one array, its rows give the shape.
///
/// Throws InputError for arrays of different length, of neither numbers nor text, and for what is
/// wrong with the columns (as for CSV); Error if the file is not HDF5.
void import_hdf5(const Source& source, const std::string& key, CacheWriter& cache);

}  // namespace mlrun::data
