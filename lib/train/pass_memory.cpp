#include "train/pass_memory.h"

#include <algorithm>

#include "base/divide.h"
#include "ops/epoch.h"
#include "train/words.h"

namespace mlrun::train {

using graph::ValueId;

namespace {

int64_t padded(int64_t bytes) { return round_up(bytes, graph::kAlignment); }

}  // namespace

PassMemory::PassMemory(const PassSizes& sizes, bool ahead, const graph::Backend& backend)
    : context_(*backend.context), trials_(sizes.trials) {
  counter_ = {0, padded(kWord)};
  results_ = {trials_ * counter_.stride, padded(sizes.result_bytes)};
  const int64_t order_begin = padded(sizes.state_bytes);
  states_ = {results_.begin + trials_ * results_.stride, order_begin + padded(sizes.rows * kWord)};
  order_ = {states_.begin + order_begin, states_.stride};
  size_ = states_.begin + trials_ * states_.stride;
  written_.resize(static_cast<size_t>(ahead ? states_.stride : size_));
  block_ = context_.allocate(size_);
  if (ahead) build_fetch(backend);
}

// The block is a table of one row.
void PassMemory::build_fetch(const graph::Backend& backend) {
  graph::Graph g;
  const ValueId brought = g.variable("brought", {Shape{1, size_ / kWord}, DType::kUint32});
  const ValueId row = g.input("row", {Shape{1}, DType::kInt32});
  fetched_ = g.apply(std::make_shared<ops::GatherOp>(), {brought, row});
  fetch_ = std::make_unique<graph::Executable>(std::move(g), std::span(&fetched_, 1), 1,
                                               *backend.kernels, context_);
  first_row_ = context_.allocate(kWord);
  fetch_->bind(brought, block_.get());
  fetch_->bind(row, first_row_.get());
}

PassMemory::Place PassMemory::place(const Section& section) const {
  std::byte* block = fetch_ ? static_cast<std::byte*>(fetch_->tensor(fetched_).data) : block_.get();
  return {block + section.begin, section.stride};
}

PassMemory::Told PassMemory::write(int64_t trial) {
  std::byte* const to = written_.data() + (fetch_ ? 0 : states_.begin + trial * states_.stride);
  std::fill_n(to, states_.stride, std::byte{0});
  return {to, reinterpret_cast<int32_t*>(to + order_.begin - states_.begin)};
}

void PassMemory::bring(int64_t trial) {
  if (!fetch_) return;  // with all others
  context_.upload(block_.get() + states_.begin + trial * states_.stride, written_.data(),
                  states_.stride);
}

void PassMemory::begin() {
  if (!fetch_) return context_.upload(block_.get(), written_.data(), size_);
  context_.replay(fetching_, [&] { fetch_->launch(1, {}); });
}

PassMemory::Results PassMemory::download_results() const {
  Results all;
  all.stride = static_cast<size_t>(results_.stride);
  all.bytes.resize(static_cast<size_t>(trials_) * all.stride);
  context_.download(all.bytes.data(), place(results_).memory,
                    static_cast<int64_t>(all.bytes.size()));
  return all;
}

}  // namespace mlrun::train
