// The binary format of CIFAR-10 (https://www.cs.toronto.edu/~kriz/cifar.html): records of a label
// byte and 32 x 32 pixels as three planes, red, green, blue.
#pragma once

#include <string>

#include "data/cache_file.h"
#include "data/source.h"

namespace mlrun::data {

/// source.train (and .test) are files of records. The features stay bytes, as (32, 32, 3): channels
/// last. Classes have the names in batches.meta.txt beside the first file, or their numbers. Throws
/// InputError for a file of no records, or of a part of one, and for a label without a name.
void import_cifar(const Source& source, const std::string& key, CacheWriter& cache);

}  // namespace mlrun::data
