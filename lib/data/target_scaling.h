// Targets that are values in the unit that a loss sees.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "store/model_file.h"

namespace mlrun::data {

/// By default they stay as they are. Immutable once fitted.
class TargetScaling {
 public:
  TargetScaling() = default;

  /// To mean 0 and deviation 1 over `rows`, the training rows; a column without spread is only
  /// shifted.
  static TargetScaling fit(const Dataset& dataset, std::span<const int64_t> rows);

  /// In the preprocessing of a model, below `name`; nothing if they stay as they are.
  void save(store::ModelFile& model, const std::string& name) const;
  static TargetScaling load(const store::ModelFile& model, const std::string& name);

  /// out[i, :] = targets of rows[i]. Does not allocate.
  void gather(const Dataset& dataset, std::span<const int64_t> rows, float* out) const;

  /// One prediction of column k in the unit of the data.
  float restore(size_t k, float prediction) const {
    return scale_.empty() ? prediction : prediction * scale_[k] + offset_[k];
  }
  bool scales() const { return !scale_.empty(); }

  /// Whether gather() gives the same bits.
  bool is_same(const TargetScaling& other) const;

 private:
  std::vector<float> offset_, scale_;  ///< empty: as they are
};

}  // namespace mlrun::data
