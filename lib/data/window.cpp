#include "data/window.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "data/refuse.h"

namespace mlrun::data {
namespace {

struct WindowedSeries {
  std::vector<float> features;
  std::vector<float> values;
};

void check_table(const Dataset& table, const config::DatasetSpec& spec) {
  if (!table.values) {
    refuse(spec, table.classes ? "window needs a target of values, but the loss wants classes"
                               : "window needs a target, the column that is to be forecast: its "
                                 "past is what the model sees");
  }
  if (table.groups) refuse(spec, "window does not go with group: the rows are one sequence");
  if (table.test_begin >= 0) refuse(spec, "window does not go with test files; use split.test");
  for (const Column& column : table.columns) {
    if (!column.categorical()) continue;
    refuse(spec, fmt::format("window needs numbers, but column '{}' is text; put it under "
                             "dataset.ignore",
                             column.name));
  }
  for (int64_t i = 0; i < table.rows * table.target_width(); ++i) {
    if (!std::isnan(table.values[i])) continue;
    refuse(spec, fmt::format("window needs every target, but that of row {} (from 0) is missing",
                             i / table.target_width()));
  }
}

std::vector<Column> step_columns(const Dataset& table) {
  std::vector<Column> columns;
  for (const std::string& name : table.target_names) columns.push_back({name, {}, 0});
  columns.insert(columns.end(), table.columns.begin(), table.columns.end());
  return columns;
}

// Targets, then features, of every step.
std::vector<float> step_values(const Dataset& table) {
  std::vector<float> steps;
  for (int64_t t = 0; t < table.rows; ++t) {
    const float* targets = table.values + t * table.target_width();
    steps.insert(steps.end(), targets, targets + table.target_width());
    for (int64_t c = 0; c < table.width(); ++c) steps.push_back(table.stored(t, c));
  }
  return steps;
}

}  // namespace

Dataset window_dataset(const Dataset& table, const config::DatasetSpec& spec,
                       bool may_lack_target) {
  check_table(table, spec);
  const config::WindowSpec& window = *spec.window;
  const int64_t stride = window.stride.value_or(1);
  const int64_t seen = window.look_back;
  const int64_t span = seen + window.horizon;
  const int64_t needed = may_lack_target ? seen : span;
  if (table.rows < needed) {
    refuse_setting(
        spec, "window",
        fmt::format(
            "{} rows are too few for windows of {}{}", table.rows, seen,
            may_lack_target ? "" : fmt::format(" and {} steps to forecast", window.horizon)));
  }
  const std::vector<Column> columns = step_columns(table);
  const std::vector<float> steps = step_values(table);
  const auto channels = static_cast<int64_t>(columns.size());
  const int64_t targets = table.target_width();
  auto memory = std::make_shared<WindowedSeries>();
  Dataset dataset;
  dataset.rows = (table.rows - needed) / stride + 1;
  const bool ends_between = may_lack_target && (table.rows - needed) % stride != 0;
  if (ends_between) ++dataset.rows;
  for (int64_t row = 0; row < dataset.rows; ++row) {
    const int64_t first = std::min(row * stride, table.rows - needed);
    const auto begin = steps.begin() + first * channels;
    memory->features.insert(memory->features.end(), begin, begin + seen * channels);
    const int64_t next = first + seen;
    const int64_t known = std::min(window.horizon, table.rows - next);
    const float* const values = table.values + next * targets;
    memory->values.insert(memory->values.end(), values, values + known * targets);
    memory->values.resize(static_cast<size_t>((row + 1) * window.horizon * targets), std::nanf(""));
  }
  for (int64_t step = 0; step < seen; ++step) {
    dataset.columns.insert(dataset.columns.end(), columns.begin(), columns.end());
  }
  for (int64_t step = 1; step <= window.horizon; ++step) {
    for (const std::string& name : table.target_names) {
      dataset.target_names.push_back(fmt::format("{}[t+{}]", name, step));
    }
  }
  dataset.features = memory->features.data();
  dataset.values = memory->values.data();
  dataset.windows = {channels, (window.horizon - 1) / stride, (span - 1) / stride};
  const int64_t told = std::min((dataset.rows - 1) * stride + span, table.rows);
  dataset.windows->tail.assign(steps.begin() + told * channels, steps.end());
  dataset.shape = {seen, channels};
  dataset.name = table.name;
  dataset.sha256 = table.sha256;
  dataset.owner = std::move(memory);
  return dataset;
}

}  // namespace mlrun::data
