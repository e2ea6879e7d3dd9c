// Puts parsed blocks together, in the order of the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/cache_file.h"
#include "data/csv/block_parser.h"
#include "data/csv/table_plan.h"
#include "data/dataset.h"

namespace mlrun::data {

/// Not thread-safe.
class TableBuilder {
 public:
  explicit TableBuilder(TablePlan plan);

  const TablePlan& plan() const { return plan_; }
  int64_t rows() const { return rows_; }

  /// Adds a block whose first line has number `first_line`. Codes become those of the whole table.
  /// The features stay in the block, for the caller to write.
  void add(const std::filesystem::path& file, int64_t first_line, ParsedBlock& block);

  /// Sorts the classes, recodes what is in the cache and publishes it. `dataset` has name, sha256
  /// and test_begin.
  void finish(const std::filesystem::path& file, const std::string& key, Dataset dataset,
              CacheWriter& cache);

 private:
  std::vector<int32_t> merge(const std::filesystem::path& file, int64_t first_line,
                             const ColumnPlan& column, const Dictionary& block);
  void sort_features(Dataset& dataset, CacheWriter& cache) const;
  void sort_targets(const std::filesystem::path& file, Dataset& dataset);
  void sort_groups(Dataset& dataset);

  TablePlan plan_;
  int64_t rows_ = 0;
  std::vector<Dictionary> dictionaries_;
  std::vector<float> values_;
  std::vector<int32_t> classes_;
  std::vector<int32_t> groups_;
  std::vector<int64_t> missing_;
};

}  // namespace mlrun::data
