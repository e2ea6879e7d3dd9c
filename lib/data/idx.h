// IDX files (http://yann.lecun.com/exdb/mnist/, "THE IDX FILE FORMAT"): big-endian sizes, then
// bytes. Images of unsigned bytes and their labels.
#pragma once

#include <string>

#include "data/cache_file.h"
#include "data/source.h"

namespace mlrun::data {

/// source.train (and .test) are images and labels. The features stay bytes; the sample's shape is
/// that of an image. Throws InputError for a wrong magic number, other elements than unsigned
/// bytes, a file that ends too early or goes on too long, and counts that do not match.
void import_idx(const Source& source, const std::string& key, CacheWriter& cache);

}  // namespace mlrun::data
