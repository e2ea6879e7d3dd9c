// The .ts format of the UCR/UEA archive of time series: lines of @settings, then after @data a
// series a line, its channels separated by colons, the class at the end.
#pragma once

#include <string>

#include "data/cache_file.h"
#include "data/source.h"

namespace mlrun::data {

/// source.train (and .test) are .ts files of one shape. A sample is (T, C): channels last; '?' is
/// missing. Classes keep the order of @classLabel. Throws InputError that names file, line and
/// column: series of several lengths, a text that is no number, a label that was not announced.
void import_ts(const Source& source, const std::string& key, CacheWriter& cache);

}  // namespace mlrun::data
