// The file that holds an imported data set ready to be mapped.
//
// A header page, the features from the second page on, then targets, groups and texts, each from a
// page of its own. Written under a temporary name, so that a half-written file is never read and
// two processes that import the same source do not meet.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/file.h"
#include "base/pending_file.h"
#include "data/dataset.h"

namespace mlrun::data {

class CacheWriter {
 public:
  /// Makes the folder. Throws Error, as all of it does, when the file cannot be written.
  explicit CacheWriter(const std::filesystem::path& path);
  /// Removes the temporary file unless it was published.
  ~CacheWriter();
  CacheWriter(const CacheWriter&) = delete;
  CacheWriter& operator=(const CacheWriter&) = delete;

  /// Bytes of the features at `offset` (0: element 0 of row 0). Thread-safe.
  void write_features(int64_t offset, const void* bytes, size_t size);

  /// Replaces the codes in float32 column `column` of rows x width features; NaN stays.
  void recode(int64_t rows, int64_t width, int64_t column, const std::vector<int32_t>& code);

  /// Writes the rest and publishes the file. `dataset.features` is not looked at.
  void finish(const Dataset& dataset, const std::string& key);

 private:
  [[noreturn]] void fail(int cause) const;
  void write_at(uint64_t offset, const void* bytes, size_t size) const;
  uint64_t sum_of_written(uint64_t size) const;

  std::filesystem::path path_, temporary_;
  PendingFile pending_;
  FileDescriptor file_;
};

/// Maps a cache file; nothing if there is none, or one of another version, key or length, or one
/// that is damaged (of more than 4 GiB only the header is summed: it would be read twice).
std::optional<Dataset> open_cache(const std::filesystem::path& path, const std::string& key);

}  // namespace mlrun::data
