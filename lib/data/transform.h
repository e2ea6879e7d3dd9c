// What is learned from the training rows and applied to every batch: impute, scale, one-hot.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "config/experiment.h"
#include "data/dataset.h"
#include "data/target_scaling.h"
#include "data/tokens.h"
#include "store/model_file.h"

namespace mlrun::data {

/// Fitted on training rows only; immutable afterwards.
///   numeric column j:  y = (x [or fill if missing] - offset[j]) * scale[j], rescale being part
///                      of scale; x, fill and offset are without the column's origin
///   text column:       one-hot over its classes (missing: all zero, or the imputed class)
///   document:          its tokens, learned from the training rows, then 0 for padding
///   pair of sentences: the tokens of the source as of a document, then <start> and the tokens of
///                      the translation but for the last; the labels are these, then <end>
///   at last, if spec.normalize asks for it, every row is divided by its norm
class Transform {
 public:
  /// Throws InputError, at the setting, if the data do not go with it, whatever rows are fitted: if
  /// any row has a missing number and spec.impute is none, naming the column and the row; if a
  /// named column does not exist; if a column would be scaled twice; if classes would be scaled.
  static void check(const Dataset& dataset, const config::DatasetSpec& spec);

  /// Throws InputError if a column that is to be imputed has no value in these rows.
  static void check_rows(const Dataset& dataset, const config::DatasetSpec& spec,
                         std::span<const int64_t> rows);

  /// After check() and check_rows().
  static Transform fit(const Dataset& dataset, const config::DatasetSpec& spec,
                       std::span<const int64_t> rows);

  /// Behind fit(), with the same arguments: if spec.impute is not none, columns that have all their
  /// values get a stand-in as well, for data to come.
  void fit_stand_ins(const Dataset& dataset, const config::DatasetSpec& spec,
                     std::span<const int64_t> rows);

  /// Into the preprocessing and the names of a model; `dataset` is the one it was fitted on.
  void save(const Dataset& dataset, store::ModelFile& model) const;

  /// For data that may be others than those it was fitted on, in the unit of spec.rescale. Throws
  /// InputError, at spec.source_mark, if they have other columns, if a text column holds what it
  /// was not fitted on, if a value is missing where none was, and Error if the model has no
  /// preprocessing. Tokens must be fitted: of documents throws Error.
  static Transform load(const store::ModelFile& model, const Dataset& dataset,
                        const config::DatasetSpec& spec);

  /// Floats per sample after the transform (columns with one-hot expanded).
  int64_t output_width() const { return output_width_; }

  /// out[i, :] = transformed features of rows[i]; out is rows.size() x output_width().
  /// Does not allocate.
  void gather(const Dataset& dataset, std::span<const int64_t> rows, float* out) const;

  /// Whether there are missing values that are imputed.
  static bool fills(const Dataset& dataset, const config::DatasetSpec& spec);

  /// Whether fit() depends on the rows that it is given.
  static bool learns(const Dataset& dataset, const config::DatasetSpec& spec);

  /// Whether features, labels and targets of one data set are gathered with the same bits.
  bool is_same(const Transform& other) const;

  /// Of targets that are values.
  const TargetScaling& targets() const { return targets_; }

  /// out[i, :] = labels of rows[i], of label_width tokens; where dataset.labels_are_words().
  void gather_labels(const Dataset& dataset, std::span<const int64_t> rows, int32_t* out) const;

  /// Names of the tokens that were learned; empty if the samples are no documents.
  std::span<const std::string> token_names() const;
  /// The same of translations.
  std::span<const std::string> target_token_names() const;

 private:
  static Transform fit_documents(const Dataset& dataset, std::span<const int64_t> rows);
  float* expand_row(const float* x, float* out) const;  // where the next row goes
  float known(size_t column, float x) const;            // as the training data would have it
  void change_data(double factor, const std::vector<float>& origins, const Dataset& dataset);
  void normalize_rows(float* rows, int64_t count) const;
  void gather_tokens(const Dataset& dataset, int64_t row, float* out) const;

  int64_t output_width_ = 0;
  std::vector<float> offset_, scale_;
  float rescale_ = 1;
  std::vector<float> fill_;      ///< NaN: a missing value stays
  std::vector<int32_t> expand_;  ///< classes of a text column, 0 for a numeric one
  /// Of text columns of data that it was not fitted on: the class of each of theirs.
  std::vector<std::vector<float>> recode_;
  TargetScaling targets_;
  config::Normalize normalize_ = config::Normalize::kNone;
  std::shared_ptr<const Vocabulary> vocabulary_;  ///< of documents
  std::shared_ptr<const Vocabulary> target_;      ///< of translations
  bool plain_ = false;                            ///< nothing imputed, no one-hot, nothing recoded
};

/// The columns that the model was trained on, for OpenOptions::trained, their origins in the unit
/// of data that are multiplied by `rescale`; none if it has no names of columns (documents).
std::vector<Column> trained_columns(const store::ModelFile& model, double rescale);

/// `columns` with the classes that those had which the model was trained on.
std::vector<Column> trained_columns(std::vector<Column> columns, const store::ModelFile& model);

/// Shape of one sample after the transform: spec.shape or the data set's, or [output width].
/// Throws InputError if it does not hold as many elements as there are features.
std::vector<int64_t> sample_shape(const Dataset& dataset, const config::DatasetSpec& spec);

}  // namespace mlrun::data
