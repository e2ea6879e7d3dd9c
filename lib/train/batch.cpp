#include "train/batch.h"

#include "train/words.h"

namespace mlrun::train {

using graph::kNoValue;

Batch::Batch(std::span<const Feed* const> feeds, int64_t capacity, device::Context& context)
    : feeds_(feeds.begin(), feeds.end()), context_(context) {
  const Feed& feed = *feeds_[0];
  const bool whole = feed.dataset().is_one_graph();
  const int64_t samples = whole ? feed.dataset().table().rows : capacity;
  features_ = make_part(samples, feed.feature_width());
  target_ = make_part(capacity, feed.target_width());
  weights_ = make_part(capacity, 1);
  items_ = make_part(capacity, feed.item_width());
  for (const FeedTarget& target : feed.further()) {
    further_.push_back(make_part(capacity, target.dataset->target_width()));
  }
  further_memory_.resize(further_.size());
  for (size_t trial = 0; whole && trial < feeds_.size(); ++trial) {
    const auto number = static_cast<int64_t>(trial);
    feeds_[trial]->fill_nodes(filled(number).features);
    upload(features_, samples, number);
  }
}

Batch::Part Batch::make_part(int64_t rows, int64_t width) {
  Part part;
  part.width = width;
  part.stride = rows * width * kWord;
  part.memory = context_.allocate(static_cast<int64_t>(feeds_.size()) * part.stride);
  // One spare word: what is empty is beside too.
  if (!context_.memory_is_hosts()) part.beside.resize(static_cast<size_t>(rows * width) + 1);
  return part;
}

float* Batch::for_host(Part& part, int64_t trial) {
  if (!part.beside.empty()) return part.beside.data();
  return reinterpret_cast<float*>(part.memory.get() + trial * part.stride);
}

BatchMemory Batch::filled(int64_t trial) {
  for (size_t i = 0; i < further_.size(); ++i) further_memory_[i] = for_host(further_[i], trial);
  return {for_host(features_, trial), for_host(target_, trial), for_host(weights_, trial),
          reinterpret_cast<int32_t*>(for_host(items_, trial)), further_memory_};
}

void Batch::upload(Part& part, int64_t rows, int64_t trial) {
  const int64_t bytes = rows * part.width * kWord;
  if (part.beside.empty() || bytes == 0) return;
  context_.upload(part.memory.get() + trial * part.stride, part.beside.data(), bytes);
}

void Batch::fill(std::span<const int64_t> rows, uint64_t pass, int64_t trial) {
  const Feed& feed = *feeds_[static_cast<size_t>(trial)];
  feed.fill(rows, filled(trial), pass);
  const auto count = static_cast<int64_t>(rows.size());
  if (!feed.dataset().is_one_graph()) upload(features_, count, trial);
  upload(target_, count, trial);
  if (feed.weighted()) upload(weights_, count, trial);
  upload(items_, count, trial);
  for (Part& part : further_) upload(part, count, trial);
}

void Batch::put_labels(std::span<const int32_t> labels) {
  context_.upload(target_.memory.get(), labels.data(), static_cast<int64_t>(labels.size()) * kWord);
}

void Batch::bind(graph::Executable& executable, const GraphInputs& inputs) const {
  const auto bind = [&](graph::ValueId input, const Part& part) {
    if (input != kNoValue) executable.bind(input, part.memory.get(), part.stride);
  };
  bind(inputs.features, features_);
  bind(inputs.items, items_);
  bind(inputs.target, target_);
  bind(inputs.weights, weights_);
  for (size_t i = 0; i < inputs.further.size(); ++i) bind(inputs.further[i], further_[i]);
}

}  // namespace mlrun::train
