#include "train/check_indices.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "ops/shape/concat.h"
#include "ops/shape/embedding.h"
#include "ops/shape/shaping.h"

namespace mlrun::train {
namespace {

using graph::ValueId;

constexpr int64_t kRowsAtOnce = 1024;

// The numbers of those positions of the axis that a slice keeps.
std::vector<int64_t> sliced(const std::vector<int64_t>& numbers, const Shape& from, int axis,
                            int64_t begin, int64_t end) {
  int64_t inner = 1;
  for (int i = axis + 1; i < from.rank(); ++i) inner *= from[i];
  std::vector<int64_t> kept;
  for (size_t i = 0; i < numbers.size(); ++i) {
    const int64_t at = static_cast<int64_t>(i) / inner % from[axis];
    if (at >= begin && at < end) kept.push_back(numbers[i]);
  }
  return kept;
}

// Which features a value is; nothing if it was computed.
std::optional<std::vector<int64_t>> features_of(const graph::Graph& g, ValueId value,
                                                ValueId features) {
  if (value == features) {
    int64_t width = 1;
    for (int i = 1; i < g.shape(value).rank(); ++i) width *= g.shape(value)[i];
    std::vector<int64_t> all(static_cast<size_t>(width));
    std::iota(all.begin(), all.end(), 0);
    return all;
  }
  const graph::Node* node = g.producer(value);
  if (!node) return {};
  const auto* slice = dynamic_cast<const ops::SliceOp*>(node->op.get());
  if (!slice && !dynamic_cast<const ops::ReshapeOp*>(node->op.get())) return {};
  const ValueId whole = node->inputs[0];
  auto numbers = features_of(g, whole, features);
  if (!numbers || !slice) return numbers;
  const int64_t end = slice->begin() + g.shape(value)[slice->axis()];
  return sliced(*numbers, g.shape(whole), slice->axis(), slice->begin(), end);
}

bool fits(const Lookup& lookup, float index) {
  return index >= 0 && index < static_cast<float>(lookup.rows) && index == std::floor(index);
}

// Of some rows, of which the first has the number `first`. False if one does not fit.
bool check_rows(const Lookup& lookup, std::span<const float> values, int64_t width, int64_t first,
                Diagnostics& diagnostics) {
  for (size_t begin = 0; begin < values.size(); begin += static_cast<size_t>(width)) {
    for (const int64_t feature : lookup.features) {
      const float index = values[begin + static_cast<size_t>(feature)];
      if (fits(lookup, index)) continue;
      diagnostics.error(
          lookup.mark,
          fmt::format("row {} (from 0): {}, but layer '{}' has rows 0 to {}",
                      first + static_cast<int64_t>(begin) / width,
                      index == std::floor(index) ? fmt::format("token {}", index)
                                                 : fmt::format("{} is no whole number", index),
                      lookup.layer, lookup.rows - 1));
      return false;
    }
  }
  return true;
}

}  // namespace

std::vector<Lookup> find_lookups(const graph::Graph& g, ValueId features,
                                 std::span<const nn::LayerSummary> layers) {
  std::vector<Lookup> lookups;
  for (const graph::Node& node : g.nodes()) {
    if (!dynamic_cast<const ops::EmbeddingOp*>(node.op.get())) continue;
    auto read = features_of(g, node.inputs[1], features);
    if (!read) continue;
    const std::string& table = g.value(node.inputs[0]).name;
    const auto layer = std::find_if(layers.begin(), layers.end(), [&](const auto& one) {
      return one.name == table.substr(0, table.rfind('/'));
    });
    if (layer == layers.end()) continue;
    lookups.push_back({layer->name, layer->mark, g.shape(node.inputs[0])[0], std::move(*read)});
  }
  return lookups;
}

void check_indices(std::span<const Lookup> lookups, const data::Dataset& dataset,
                   const data::Transform& transform, Diagnostics& diagnostics) {
  if (dataset.token_count > 0) return;
  const data::Dataset& table = dataset.table();
  const int64_t width = transform.output_width();
  std::vector<Lookup> open(lookups.begin(), lookups.end());
  std::vector<int64_t> rows;
  std::vector<float> values;
  for (int64_t first = 0; first < table.rows && !open.empty(); first += kRowsAtOnce) {
    rows.resize(static_cast<size_t>(std::min(kRowsAtOnce, table.rows - first)));
    std::iota(rows.begin(), rows.end(), first);
    values.resize(rows.size() * static_cast<size_t>(width));
    transform.gather(table, rows, values.data());
    std::erase_if(open, [&](const Lookup& lookup) {
      return !check_rows(lookup, values, width, first, diagnostics);
    });
  }
}

}  // namespace mlrun::train
