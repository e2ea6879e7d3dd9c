// What imported data sets leave on the disk.
#pragma once

#include <cstdint>
#include <filesystem>

namespace mlrun::data {

struct FileCount {
  int64_t files = 0;
  int64_t bytes = 0;
};

struct CleanedCache {
  FileCount found, removed;
};

/// Notes that a cache file is in use now, where the user may.
void mark_as_used(const std::filesystem::path& cache_file);

/// Removes the cache files of the folder that have not been opened for so many seconds, and what
/// crashed imports left. A process that has mapped one keeps it. Nothing is there if the folder is
/// not. Throws Error where a file cannot be removed.
CleanedCache clean_cache(const std::filesystem::path& folder, double unused_seconds);

}  // namespace mlrun::data
