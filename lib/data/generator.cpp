#include "data/generator.h"

#include <fmt/format.h>

#include <numeric>

#include "base/error.h"
#include "base/sha256.h"

namespace mlrun::data {
namespace {

std::vector<int64_t> random_order(int64_t count, const PhiloxStream& stream, uint64_t step) {
  std::vector<int64_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  shuffle(order, stream, step);
  return order;
}

// Items of `width` elements each, in the order given.
template <class T>
void reorder(std::vector<T>& items, const std::vector<int64_t>& order, int64_t width) {
  if (items.empty()) return;
  std::vector<T> sorted;
  sorted.reserve(items.size());
  for (const int64_t from : order) {
    const auto begin = items.begin() + from * width;
    sorted.insert(sorted.end(), begin, begin + width);
  }
  items = std::move(sorted);
}

void name_columns(Dataset& dataset, const GeneratedTable& table) {
  for (int64_t c = 0; c < table.width; ++c) {
    dataset.columns.push_back({fmt::format("x{}", c), {}, 0});
  }
  if (table.targets == 1) {
    dataset.target_names = {"y"};
    return;
  }
  for (int64_t t = 0; t < table.targets; ++t) dataset.target_names.push_back(fmt::format("y{}", t));
}

void set_targets(Dataset& dataset, GeneratedTable& table, bool classify) {
  if (!classify) {
    if (table.values.empty()) table.values.assign(table.classes.begin(), table.classes.end());
    dataset.values = table.values.data();
    return;
  }
  dataset.classes = table.classes.data();
  for (int32_t c = 0; c < table.class_count; ++c) dataset.class_names.push_back(std::to_string(c));
}

// `other_bytes`: of a row, besides its features. Rows are put into another order by a copy.
GeneratedTable features_table(int64_t rows, int64_t width, double other_bytes) {
  constexpr double kMostGib = 8;
  const double row_bytes = 2.0 * sizeof(float) * static_cast<double>(width) + other_bytes;
  const double gib = static_cast<double>(rows) * row_bytes / 1073741824.0;
  if (gib > kMostGib) {
    throw InputError(
        fmt::format("{} rows of {} features are too many to generate: that would take "
                    "{:.1f} GiB, and {} at most are given to it",
                    rows, width, gib, kMostGib));
  }
  GeneratedTable table;
  table.rows = rows;
  table.width = width;
  table.features.resize(static_cast<size_t>(rows * width));
  return table;
}

}  // namespace

GeneratedTable classes_table(int64_t rows, int64_t width, int32_t class_count, int64_t more_bytes) {
  constexpr double kClassAndPlace = 2 * sizeof(int32_t) + sizeof(int64_t);
  GeneratedTable table =
      features_table(rows, width, kClassAndPlace + static_cast<double>(more_bytes));
  table.classes.resize(static_cast<size_t>(rows));
  table.class_count = class_count;
  return table;
}

GeneratedTable values_table(int64_t rows, int64_t width, int64_t targets) {
  const double bytes = 2.0 * sizeof(float) * static_cast<double>(targets) + sizeof(int64_t);
  GeneratedTable table = features_table(rows, width, bytes);
  table.values.resize(static_cast<size_t>(rows * targets));
  table.targets = targets;
  return table;
}

void shuffle_rows(GeneratedTable& table, const PhiloxStream& stream, uint64_t step) {
  const std::vector<int64_t> order = random_order(table.rows, stream, step);
  reorder(table.features, order, table.width);
  reorder(table.classes, order, 1);
  reorder(table.values, order, table.targets);
}

void shuffle_columns(GeneratedTable& table, const PhiloxStream& stream, uint64_t step) {
  const std::vector<int64_t> order = random_order(table.width, stream, step);
  std::vector<float> row(static_cast<size_t>(table.width));
  for (int64_t r = 0; r < table.rows; ++r) {
    float* at = table.row(r);
    std::copy(at, at + table.width, row.begin());
    for (size_t c = 0; c < row.size(); ++c) at[c] = row[static_cast<size_t>(order[c])];
  }
}

void add_noise(std::vector<float>& elements, double noise, const PhiloxStream& stream,
               uint64_t step) {
  if (noise == 0) return;
  for (size_t i = 0; i < elements.size(); ++i) {
    elements[i] += static_cast<float>(noise * static_cast<double>(stream.normal(step, i)));
  }
}

Dataset generate_dataset(const config::Ref<config::GeneratorKind>& generator,
                         const OpenOptions& options) {
  const PhiloxStream stream(static_cast<uint64_t>(options.seed), Purpose::kGenerate);
  auto table = std::make_shared<GeneratedTable>();
  try {
    *table = generator.as<Generator>().generate(stream);
  } catch (const InputError& error) {
    throw InputError(render_error(generator.mark, error.what()));
  }
  const bool classify = options.classify && !(options.optional && table->classes.empty());
  if (classify && table->classes.empty()) {
    throw InputError(render_error(
        generator.mark,
        fmt::format("the loss wants classes, but {} makes numbers", generator.type->name)));
  }
  Dataset dataset;
  dataset.rows = table->rows;
  dataset.name = generator.type->name;
  dataset.sha256 = sha256(
      fmt::format("{} seed {}", config::to_flow(config::write_component(generator)), options.seed));
  dataset.shape = table->shape.empty() ? std::vector{table->width} : table->shape;
  dataset.graphs = table->graphs;
  dataset.features = table->features.data();
  name_columns(dataset, *table);
  set_targets(dataset, *table, classify);
  dataset.owner = std::move(table);
  return dataset;
}

}  // namespace mlrun::data
