// Data sets that are drawn, not read: scikit-learn's names and meaning, mlrun's random numbers.
#pragma once

#include <cstdint>
#include <vector>

#include "base/philox.h"
#include "config/experiment.h"
#include "data/open.h"

namespace mlrun::data {

/// Row-major features and either classes or values, one per row.
struct GeneratedTable {
  int64_t rows = 0;
  int64_t width = 0;
  std::vector<float> features;
  std::vector<int32_t> classes;
  int32_t class_count = 0;
  std::vector<float> values;
  int64_t targets = 1;
  std::shared_ptr<const Graphs> graphs;  ///< what generators of graphs add
  std::vector<int64_t> shape;            ///< of one sample; default: [width]

  float* row(int64_t r) { return features.data() + r * width; }
};

/// A component of the catalog "generator".
class Generator : public config::Component {
 public:
  /// Throws InputError when its fields do not fit together.
  virtual GeneratedTable generate(const PhiloxStream& stream) const = 0;
};

/// More classes than anyone tells apart; each has a name.
constexpr double kMostClasses = 1e6;

/// A table for `rows` rows, all zero. Throws InputError where making it would take more than 8 GiB,
/// with `more_bytes` that the generator needs for each row besides the table.
GeneratedTable classes_table(int64_t rows, int64_t width, int32_t class_count,
                             int64_t more_bytes = 0);
GeneratedTable values_table(int64_t rows, int64_t width, int64_t targets);

/// Rows in a random order.
void shuffle_rows(GeneratedTable& table, const PhiloxStream& stream, uint64_t step);

/// Columns in a random order.
void shuffle_columns(GeneratedTable& table, const PhiloxStream& stream, uint64_t step);

/// Adds normal noise of standard deviation `noise` to every element.
void add_noise(std::vector<float>& elements, double noise, const PhiloxStream& stream,
               uint64_t step);

/// Classes if options.classify, else numbers. Throws InputError if there are no classes.
Dataset generate_dataset(const config::Ref<config::GeneratorKind>& generator,
                         const OpenOptions& options);

}  // namespace mlrun::data
