// CSV files into a cache file.
#pragma once

#include <string>

#include "data/cache_file.h"
#include "data/source.h"

namespace mlrun::data {

/// Reads all files of `source` in one pass, or two if a column needs an origin (see Column), in
/// parallel blocks of lines; the features go straight to the cache, so memory holds the targets,
/// the groups and a few blocks. Throws InputError at the first wrong cell of the first wrong file.
void import_csv(const Source& source, const std::string& key, CacheWriter& cache);

}  // namespace mlrun::data
