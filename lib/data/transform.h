// What is learned from the training rows and applied to every batch: impute, scale, one-hot.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "config/experiment.h"
#include "data/dataset.h"

namespace mlrun::data {

/// Fitted on training rows only; immutable afterwards.
///   numeric column j:  y = (x * rescale [or fill if missing] - offset[j]) * scale[j]
///   text column:       one-hot over its classes (missing: all zero, or the imputed class)
class Transform {
 public:
  /// Throws InputError if a value is missing and spec.impute is none, naming the column and row.
  static Transform fit(const Dataset& dataset, const config::DatasetSpec& spec,
                       std::span<const int64_t> rows);

  /// Floats per sample after the transform (columns with one-hot expanded).
  int64_t output_width() const { return output_width_; }

  /// out[i, :] = transformed features of rows[i]; out is rows.size() x output_width().
  /// Does not allocate.
  void gather(const Dataset& dataset, std::span<const int64_t> rows, float* out) const;

 private:
  int64_t output_width_ = 0;
  std::vector<float> offset_, scale_, fill_;
  std::vector<int32_t> expand_;  ///< classes of a text column, 0 for a numeric one
  bool plain_ = false;           ///< no missing values, no one-hot
};

/// Shape of one sample after the transform: spec.shape or the data set's, or [output width].
/// Throws InputError if it does not hold as many elements as there are features.
std::vector<int64_t> sample_shape(const Dataset& dataset, const config::DatasetSpec& spec);

}  // namespace mlrun::data
