#include "train/resident_data.h"

#include <algorithm>
#include <array>
#include <new>
#include <numeric>

#include "ops/epoch.h"
#include "train/words.h"

namespace mlrun::train {
namespace {

constexpr int64_t kChunk = 4096;  // rows that are brought at once
// What a training still takes once its data are there: orders and results of a pass, kernels that
// are loaded when they are first used, recorded launches.
constexpr int64_t kLeftFree = int64_t{512} << 20;

bool are_same(std::span<const Feed* const> feeds) {
  return std::all_of(feeds.begin() + 1, feeds.end(),
                     [&](const Feed* feed) { return feed->is_same(*feeds[0]); });
}

}  // namespace

int64_t resident_bytes(const data::Dataset& dataset, const Shape& input) {
  constexpr int64_t kMostBeside = 3;  // a weight, two numbers of nodes
  const int64_t features = dataset.is_one_graph() ? 0 : input.sample_elements();
  const int64_t targets = std::max(dataset.label_width, dataset.target_width());
  return dataset.rows * (features + targets + kMostBeside) * kWord;
}

ResidentData::ResidentData(std::span<const Feed* const> feeds, device::Context& context)
    : rows_(feeds[0]->dataset().rows), shared_(are_same(feeds)) {
  const Feed& feed = *feeds[0];
  const auto add = [&](graph::ValueId GraphInputs::*input, const char* name, int64_t width) {
    if (width == 0) return;
    tables_.push_back({input, name, width, nullptr});
  };
  if (!feed.dataset().is_one_graph()) {
    add(&GraphInputs::features, "features", feed.feature_width());
  }
  if (feed.target_kind() != nn::TargetKind::kNone) {
    add(&GraphInputs::target, "targets", feed.target_width());
  }
  if (feed.weighted()) add(&GraphInputs::weights, "weights", 1);
  add(&GraphInputs::items, "items", feed.item_width());
  const size_t copies = shared_ ? 1 : feeds.size();
  int64_t size = 0;
  for (const Table& table : tables_) size += static_cast<int64_t>(copies) * bytes(table);
  if (size > context.free_bytes() - kLeftFree) throw std::bad_alloc();
  for (Table& table : tables_) {
    table.memory = context.allocate(static_cast<int64_t>(copies) * bytes(table));
  }
  for (size_t trial = 0; trial < copies; ++trial) {
    fill(*feeds[trial], static_cast<int64_t>(trial), context);
  }
}

int64_t ResidentData::bytes(const Table& table) const { return rows_ * table.width * kWord; }

void ResidentData::fill(const Feed& feed, int64_t trial, device::Context& context) {
  std::vector<std::vector<float>> beside;
  for (const Table& table : tables_) beside.emplace_back(static_cast<size_t>(kChunk * table.width));
  BatchMemory chunk;
  for (size_t i = 0; i < tables_.size(); ++i) {
    float* words = beside[i].data();
    if (tables_[i].input == &GraphInputs::features) chunk.features = words;
    if (tables_[i].input == &GraphInputs::target) chunk.target = words;
    if (tables_[i].input == &GraphInputs::weights) chunk.weights = words;
    if (tables_[i].input == &GraphInputs::items) chunk.items = reinterpret_cast<int32_t*>(words);
  }
  std::vector<int64_t> rows(static_cast<size_t>(std::min(kChunk, rows_)));
  for (int64_t at = 0; at < rows_; at += kChunk) {
    rows.resize(static_cast<size_t>(std::min(kChunk, rows_ - at)));
    std::iota(rows.begin(), rows.end(), at);
    feed.fill(rows, chunk);
    for (size_t i = 0; i < tables_.size(); ++i) {
      const int64_t row_bytes = tables_[i].width * kWord;
      std::byte* to = tables_[i].memory.get() + trial * bytes(tables_[i]) + at * row_bytes;
      context.upload(to, beside[i].data(), static_cast<int64_t>(rows.size()) * row_bytes);
    }
  }
}

ResidentData::Nodes ResidentData::append(graph::Graph& g, graph::ValueId rows) const {
  Nodes nodes;
  const auto gather = std::make_shared<ops::GatherOp>();
  for (const Table& table : tables_) {
    // Whatever they are, they are copied word by word.
    nodes.tables.push_back(g.variable(table.name, {Shape{rows_, table.width}, DType::kUint32}));
    nodes.gathered.*table.input = g.apply(gather, {nodes.tables.back(), rows});
  }
  return nodes;
}

void ResidentData::bind(graph::Executable& executable, const Nodes& nodes) const {
  for (size_t i = 0; i < tables_.size(); ++i) {
    executable.bind(nodes.tables[i], tables_[i].memory.get(), shared_ ? 0 : bytes(tables_[i]));
  }
}

}  // namespace mlrun::train
