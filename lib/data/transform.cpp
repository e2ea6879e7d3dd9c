#include "data/transform.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "base/suggest.h"
#include "data/column_statistics.h"
#include "data/refuse.h"
#include "data/same_bits.h"

namespace mlrun::data {
namespace {

bool is_one_hot(const Column& column, const config::DatasetSpec& spec) {
  return column.categorical() && spec.one_hot;
}

// Which columns are meant; `all` means the numeric ones.
std::vector<bool> chosen(const Dataset& dataset, const config::DatasetSpec& spec,
                         const config::ColumnChoice& choice, const char* field) {
  std::vector<std::string> names;
  std::vector<bool> mask;
  for (const Column& column : dataset.columns) {
    if (!choice.columns.empty()) names.push_back(column.name);
    mask.push_back(choice.all && !column.categorical());
  }
  for (const std::string& wanted : choice.columns) {
    if (std::find(names.begin(), names.end(), wanted) == names.end()) {
      refuse_setting(
          spec, field,
          fmt::format("no feature '{}' for {}{}", wanted, field, did_you_mean(wanted, names)),
          wanted);
    }
    for (size_t c = 0; c < names.size(); ++c) {
      if (names[c] != wanted) continue;
      if (is_one_hot(dataset.columns[c], spec)) {
        refuse_setting(
            spec, field,
            fmt::format("{} of '{}': it is a text column and becomes one-hot", field, wanted),
            wanted);
      }
      mask[c] = true;
    }
  }
  return mask;
}

void check_missing(const Dataset& dataset, const config::DatasetSpec& spec) {
  for (int64_t c = 0; c < dataset.width(); ++c) {
    const Column& column = dataset.columns[static_cast<size_t>(c)];
    if (column.missing == 0 || is_one_hot(column, spec)) continue;
    int64_t row = 0;
    while (!std::isnan(dataset.feature(row, c))) ++row;
    refuse_setting(spec, "impute",
                   fmt::format("column '{}' has {} missing values, the first in row {} (from 0); "
                               "set dataset.impute to mean, median or most_frequent",
                               column.name, column.missing, row));
  }
}

bool is_filled(const Column& column, const config::DatasetSpec& spec) {
  return column.missing > 0 && spec.impute != config::Impute::kNone;
}

// What stands in for a missing value; a class for a text column.
float fill_value(const Dataset& dataset, const config::DatasetSpec& spec,
                 std::span<const int64_t> rows, int64_t c) {
  const Column& column = dataset.columns[static_cast<size_t>(c)];
  const std::vector<float> values = sorted_values(dataset, rows, c);
  if (column.categorical() || spec.impute == config::Impute::kMostFrequent) {
    return static_cast<float>(most_frequent(values));
  }
  if (spec.impute == config::Impute::kMedian) return static_cast<float>(median(values));
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  return static_cast<float>(sum / static_cast<double>(values.size()));
}

// All steps of a window are changed as its last one.
int64_t column_of_statistics(const Dataset& dataset, size_t c) {
  const auto column = static_cast<int64_t>(c);
  if (!dataset.windows) return column;
  const int64_t channels = dataset.windows->channels;
  return dataset.width() - channels + column % channels;
}

// Statistics as if the missing values had been filled in before.
ColumnStatistics with_filled(ColumnStatistics column, int64_t rows, double fill) {
  const auto n = static_cast<double>(column.count);
  const auto filled = static_cast<double>(rows - column.count);
  if (rows == column.count) return column;
  const double all = n + filled;
  const double mean = (n * column.mean + filled * fill) / all;
  column.variance = (n * (column.variance + std::pow(column.mean - mean, 2)) +
                     filled * std::pow(fill - mean, 2)) /
                    all;
  column.mean = mean;
  column.count = rows;
  column.min = std::min(column.min, fill);
  column.max = std::max(column.max, fill);
  return column;
}

struct Scaling {
  double offset = 0;
  double scale = 1;
};

// (x * rescale - mean) / deviation, with the factor drawn out of the offset. As in scikit-learn a
// column without spread is only shifted.
Scaling standard(const ColumnStatistics& column, double rescale) {
  const double deviation = std::sqrt(column.variance) * std::abs(rescale);
  return {column.mean, rescale / (deviation > 0 ? deviation : 1)};
}

Scaling unit_range(const ColumnStatistics& column, double rescale) {
  const double range = (column.max - column.min) * std::abs(rescale);
  return {rescale < 0 ? column.max : column.min, rescale / (range > 0 ? range : 1)};
}

// Shuffled rows: the processor cannot guess which comes next.
constexpr size_t kPrefetchRows = 32;
constexpr size_t kMostPrefetched = 512;  // bytes of a row; the rest the processor does guess

template <class T>
void prefetch(const T* row, int64_t width) {
  const auto* bytes = reinterpret_cast<const char*>(row);
  const size_t count = std::min(static_cast<size_t>(width) * sizeof(T), kMostPrefetched);
  for (size_t at = 0; at < count; at += 64) __builtin_prefetch(bytes + at);
  __builtin_prefetch(bytes + count - 1);
}

template <class T>
void gather_plain(const T* features, int64_t width, std::span<const int64_t> rows,
                  const float* offset, const float* scale, float* __restrict out) {
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i + kPrefetchRows < rows.size())
      prefetch(features + rows[i + kPrefetchRows] * width, width);
    const T* x = features + rows[i] * width;
    for (int64_t j = 0; j < width; ++j) {
      out[j] = (static_cast<float>(x[j]) - offset[j]) * scale[j];
    }
    out += width;
  }
}

// The same sizes in another order.
bool is_transposed(std::vector<int64_t> a, std::vector<int64_t> b) {
  std::erase(a, 1);
  std::erase(b, 1);
  return a != b && a.size() > 1 && std::is_permutation(a.begin(), a.end(), b.begin(), b.end());
}

// Features that are not the translation.
int64_t source_width(const Dataset& dataset) {
  return dataset.width() - (dataset.target_words ? dataset.label_width : 0);
}

// The tokens of a sentence from out[begin] on, as far as they fit, and zeros behind them. Returns
// where the tokens end.
template <class T>
size_t put_tokens(std::span<const std::type_identity_t<T>> words, const Vocabulary& vocabulary,
                  std::span<T> out, size_t begin) {
  size_t end = begin;
  for (size_t i = 0; i < words.size() && words[i] > 0; ++i) {
    for (const int32_t token : vocabulary.of(static_cast<int32_t>(words[i]) - 1)) {
      if (end < out.size()) out[end++] = static_cast<T>(token);
    }
  }
  std::fill(out.begin() + static_cast<int64_t>(end), out.end(), T{0});
  return end;
}

std::span<const std::string> names_of(const std::shared_ptr<const Vocabulary>& vocabulary) {
  return vocabulary ? std::span<const std::string>(vocabulary->names)
                    : std::span<const std::string>();
}

// Of the same words.
bool same_tokens(const std::shared_ptr<const Vocabulary>& a,
                 const std::shared_ptr<const Vocabulary>& b) {
  if (!a || !b) return a == b;
  return a->names == b->names && a->pieces == b->pieces && a->begin == b->begin;
}

}  // namespace

void Transform::check(const Dataset& dataset, const config::DatasetSpec& spec) {
  if (dataset.words) return;
  const std::vector<bool> standardize = chosen(dataset, spec, spec.standardize, "standardize");
  const std::vector<bool> min_max = chosen(dataset, spec, spec.min_max, "min_max");
  for (size_t c = 0; c < dataset.columns.size(); ++c) {
    if (!standardize[c] || !min_max[c]) continue;
    const std::string& name = dataset.columns[c].name;
    refuse_setting(spec, "min_max",
                   fmt::format("column '{}' is in standardize and in min_max", name), name);
  }
  if (spec.impute == config::Impute::kNone) check_missing(dataset, spec);
  if (spec.standardize_target && !dataset.values) {
    refuse_setting(spec, "standardize_target",
                   "standardize_target needs a target of values, not of classes");
  }
}

void Transform::check_rows(const Dataset& dataset, const config::DatasetSpec& spec,
                           std::span<const int64_t> rows) {
  if (!fills(dataset, spec)) return;
  for (size_t c = 0; c < dataset.columns.size(); ++c) {
    if (!is_filled(dataset.columns[c], spec)) continue;
    const auto is_there = [&](int64_t row) {
      return !std::isnan(dataset.feature(row, column_of_statistics(dataset, c)));
    };
    if (std::any_of(rows.begin(), rows.end(), is_there)) continue;
    refuse_setting(spec, "impute",
                   fmt::format("column '{}' has no value in the {} training rows of a fit, so that "
                               "nothing can stand in for those that are missing",
                               dataset.columns[c].name, rows.size()));
  }
}

Transform Transform::fit(const Dataset& dataset, const config::DatasetSpec& spec,
                         std::span<const int64_t> rows) {
  if (dataset.words) return fit_documents(dataset, rows);
  check(dataset, spec);
  check_rows(dataset, spec, rows);
  const std::vector<bool> standardize = chosen(dataset, spec, spec.standardize, "standardize");
  const std::vector<bool> min_max = chosen(dataset, spec, spec.min_max, "min_max");
  std::vector<ColumnStatistics> statistics;
  if (spec.standardize.any() || spec.min_max.any()) statistics = column_statistics(dataset, rows);
  Transform fitted;
  if (spec.standardize_target) fitted.targets_ = TargetScaling::fit(dataset, rows);
  fitted.normalize_ = spec.normalize;
  fitted.rescale_ = static_cast<float>(spec.rescale);
  fitted.plain_ = true;
  for (size_t c = 0; c < dataset.columns.size(); ++c) {
    const Column& column = dataset.columns[c];
    const bool one_hot = is_one_hot(column, spec);
    const int64_t source = column_of_statistics(dataset, c);
    const bool fill =
        is_filled(column, spec) || is_filled(dataset.columns[static_cast<size_t>(source)], spec);
    fitted.fill_.push_back(fill ? fill_value(dataset, spec, rows, source) : std::nanf(""));
    Scaling scaling{0 - column.origin, spec.rescale};
    if (standardize[c] || min_max[c]) {
      const auto filled =
          with_filled(statistics[static_cast<size_t>(source)], static_cast<int64_t>(rows.size()),
                      static_cast<double>(fitted.fill_[c]));
      scaling = standardize[c] ? standard(filled, spec.rescale) : unit_range(filled, spec.rescale);
    }
    fitted.offset_.push_back(static_cast<float>(scaling.offset));
    fitted.scale_.push_back(static_cast<float>(scaling.scale));
    fitted.expand_.push_back(one_hot ? static_cast<int32_t>(column.classes.size()) : 0);
    fitted.output_width_ += one_hot ? fitted.expand_.back() : 1;
    fitted.plain_ = fitted.plain_ && !one_hot && !fill;
  }
  return fitted;
}

void Transform::fit_stand_ins(const Dataset& dataset, const config::DatasetSpec& spec,
                              std::span<const int64_t> rows) {
  if (spec.impute == config::Impute::kNone || dataset.storage == Storage::kUint8) return;
  for (size_t c = 0; c < fill_.size(); ++c) {
    if (!std::isnan(fill_[c])) continue;
    fill_[c] = fill_value(dataset, spec, rows, column_of_statistics(dataset, c));
  }
}

bool Transform::fills(const Dataset& dataset, const config::DatasetSpec& spec) {
  return std::any_of(dataset.columns.begin(), dataset.columns.end(),
                     [&](const Column& column) { return is_filled(column, spec); });
}

bool Transform::learns(const Dataset& dataset, const config::DatasetSpec& spec) {
  return dataset.words || spec.standardize.any() || spec.min_max.any() || spec.standardize_target ||
         fills(dataset, spec);
}

bool Transform::is_same(const Transform& other) const {
  return output_width_ == other.output_width_ && same_bits(offset_, other.offset_) &&
         same_bits(scale_, other.scale_) && same_bits(fill_, other.fill_) &&
         expand_ == other.expand_ && targets_.is_same(other.targets_) &&
         std::equal(recode_.begin(), recode_.end(), other.recode_.begin(), other.recode_.end(),
                    [](const auto& a, const auto& b) { return same_bits(a, b); }) &&
         normalize_ == other.normalize_ && same_tokens(vocabulary_, other.vocabulary_) &&
         same_tokens(target_, other.target_);
}

Transform Transform::fit_documents(const Dataset& dataset, std::span<const int64_t> rows) {
  const auto learn = [&](const Dictionary& words, int64_t begin, int64_t end,
                         std::vector<std::string> reserved) {
    const std::vector<int64_t> counts = count_words(dataset, words, rows, begin, end);
    return std::make_shared<Vocabulary>(dataset.tokens->learn(words, counts, std::move(reserved)));
  };
  Transform fitted;
  fitted.output_width_ = dataset.width();
  const int64_t source = source_width(dataset);
  fitted.vocabulary_ = learn(*dataset.words, 0, source, reserved_tokens(dataset.masked != nullptr));
  if (dataset.target_words) {
    fitted.target_ =
        learn(*dataset.target_words, source, dataset.width(), reserved_target_tokens());
  }
  return fitted;
}

void Transform::gather(const Dataset& dataset, std::span<const int64_t> rows, float* out) const {
  const int64_t width = dataset.width();
  float* first = out;
  if (vocabulary_) {
    for (const int64_t row : rows) {
      gather_tokens(dataset, row, out);
      out += width;
    }
  } else if (dataset.storage == Storage::kUint8) {
    gather_plain(static_cast<const uint8_t*>(dataset.features), width, rows, offset_.data(),
                 scale_.data(), out);
  } else if (plain_) {
    gather_plain(static_cast<const float*>(dataset.features), width, rows, offset_.data(),
                 scale_.data(), out);
  } else {
    for (const int64_t row : rows) {
      out = expand_row(static_cast<const float*>(dataset.features) + row * width, out);
    }
  }
  if (normalize_ != config::Normalize::kNone) {
    normalize_rows(first, static_cast<int64_t>(rows.size()));
  }
}

// A row of zeros stays.
void Transform::normalize_rows(float* rows, int64_t count) const {
  for (float* row = rows; row != rows + count * output_width_; row += output_width_) {
    double norm = 0;
    for (int64_t j = 0; j < output_width_; ++j) {
      const double size = std::abs(static_cast<double>(row[j]));
      if (normalize_ == config::Normalize::kMax) norm = std::max(norm, size);
      if (normalize_ == config::Normalize::kL1) norm += size;
      if (normalize_ == config::Normalize::kL2) norm += size * size;
    }
    if (normalize_ == config::Normalize::kL2) norm = std::sqrt(norm);
    if (norm == 0) continue;
    for (int64_t j = 0; j < output_width_; ++j) {
      row[j] = static_cast<float>(static_cast<double>(row[j]) / norm);
    }
  }
}

void Transform::gather_tokens(const Dataset& dataset, int64_t row, float* out) const {
  const float* words = static_cast<const float*>(dataset.features) + row * output_width_;
  const auto source = static_cast<size_t>(source_width(dataset));
  const auto width = static_cast<size_t>(output_width_);
  put_tokens<float>(std::span(words, source), *vocabulary_, std::span(out, source), 0);
  if (!target_) return;
  out[source] = static_cast<float>(kStartToken);
  put_tokens<float>(std::span(words + source, width - source), *target_,
                    std::span(out + source, width - source), 1);
}

void Transform::gather_labels(const Dataset& dataset, std::span<const int64_t> rows,
                              int32_t* out) const {
  const auto width = static_cast<size_t>(dataset.label_width);
  const Vocabulary& vocabulary = target_ ? *target_ : *vocabulary_;
  for (const int64_t row : rows) {
    const std::span<const int32_t> words(dataset.classes + row * dataset.label_width, width);
    const size_t end = put_tokens<int32_t>(words, vocabulary, std::span(out, width), 0);
    if (target_ && end < width) out[end] = kEndToken;
    out += width;
  }
}

std::span<const std::string> Transform::token_names() const { return names_of(vocabulary_); }

std::span<const std::string> Transform::target_token_names() const { return names_of(target_); }

float* Transform::expand_row(const float* x, float* out) const {
  for (size_t j = 0; j < expand_.size(); ++j) {
    const float value = known(j, x[j]);
    if (expand_[j] == 0) {
      *out++ = (value - offset_[j]) * scale_[j];
      continue;
    }
    std::fill(out, out + expand_[j], 0.0f);
    if (!std::isnan(value)) out[static_cast<int32_t>(value)] = 1;
    out += expand_[j];
  }
  return out;
}

float Transform::known(size_t column, float x) const {
  if (std::isnan(x)) return fill_[column];
  if (recode_.empty() || recode_[column].empty()) return x;
  return recode_[column][static_cast<size_t>(x)];
}

std::vector<int64_t> sample_shape(const Dataset& dataset, const config::DatasetSpec& spec) {
  int64_t width = 0;
  bool expanded = false;
  for (const Column& column : dataset.columns) {
    const bool one_hot = is_one_hot(column, spec);
    width += one_hot ? static_cast<int64_t>(column.classes.size()) : 1;
    expanded = expanded || one_hot;
  }
  if (spec.shape.empty()) return expanded ? std::vector<int64_t>{width} : dataset.shape;
  if (is_transposed(dataset.shape, spec.shape)) {
    refuse_setting(
        spec, "shape",
        fmt::format("shape [{}] would not transpose the samples, which are [{}]: their "
                    "elements stay in their order. Leave shape out, or write the array in "
                    "the order that is wanted",
                    fmt::join(spec.shape, ", "), fmt::join(dataset.shape, ", ")));
  }
  const int64_t size =
      std::accumulate(spec.shape.begin(), spec.shape.end(), int64_t{1}, std::multiplies<>());
  if (size != width) {
    refuse_setting(spec, "shape",
                   fmt::format("shape [{}] holds {} elements, but a sample has {} features",
                               fmt::join(spec.shape, ", "), size, width));
  }
  return spec.shape;
}

}  // namespace mlrun::data
