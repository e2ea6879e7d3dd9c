// Puts blocks of rows together, in the order of the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/cache_file.h"
#include "data/dataset.h"
#include "data/table/table_block.h"

namespace mlrun::data {

/// A number of texts beyond which a column is no class, nor a useful one-hot feature.
inline constexpr size_t kMaxClasses = 10000;

/// Not thread-safe.
class TableBuilder {
 public:
  explicit TableBuilder(TablePlan plan);

  int64_t rows() const { return rows_; }

  /// Of the features of all blocks.
  const FeatureRanges& ranges() const { return ranges_; }

  /// The blocks that follow are of `file`.
  void begin_file(const std::filesystem::path& file) { files_.push_back(file); }

  /// Adds a block whose first line has number `first_line`; 0 if the file has no lines. Codes
  /// become those of the whole table. The features stay in the block, for the caller to write.
  void add(int64_t first_line, TableBlock& block);

  /// Sorts the classes, recodes what is in the cache and publishes it. `dataset` has name, sha256,
  /// test_begin and, unless it is a plain row, shape. Throws InputError if float32 cannot tell the
  /// values of a target apart.
  void finish(const std::string& key, Dataset dataset, CacheWriter& cache);

 private:
  std::vector<int32_t> merge(int64_t first_line, const ColumnPlan& column, const Dictionary& block);
  [[noreturn]] void fail(const TextOrigin& origin, const std::string& message) const;
  void sort_features(Dataset& dataset, CacheWriter& cache) const;
  void check_classes(const ColumnPlan& target, const Dictionary& dictionary,
                     const SortedClasses& sorted) const;
  void sort_targets(Dataset& dataset);
  void check_values() const;
  void sort_groups(Dataset& dataset);

  TablePlan plan_;
  std::vector<std::filesystem::path> files_;
  int64_t rows_ = 0;
  std::vector<Dictionary> dictionaries_;
  std::vector<float> values_;
  std::vector<int32_t> classes_;
  std::vector<int32_t> groups_;
  std::vector<int64_t> missing_;
  FeatureRanges ranges_;
  std::vector<TargetRounding> rounding_;
};

}  // namespace mlrun::data
