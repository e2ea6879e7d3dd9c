#include "train/variable_store.h"

#include "base/divide.h"
#include "base/error.h"

namespace mlrun::train {
namespace {

constexpr int64_t kLine = 16;  // floats in 64 bytes
constexpr int64_t kFloat = sizeof(float);

int64_t bytes_of(std::span<const float> values) {
  return static_cast<int64_t>(values.size()) * kFloat;
}

}  // namespace

size_t VariableStore::add(std::string name, const Shape& shape) {
  entries_.push_back({std::move(name), shape, size_});
  size_ += round_up(shape.elements(), kLine);
  return entries_.size() - 1;
}

void VariableStore::allocate(device::Context& context, int64_t trials) {
  context_ = &context;
  memory_ = context.allocate(trials * stride());
}

int64_t VariableStore::stride() const { return size_ * kFloat; }

float* VariableStore::data(size_t i) const {
  return reinterpret_cast<float*>(memory_.get()) + entries_[i].offset;
}

std::vector<float> VariableStore::read(size_t i, int64_t trial) const {
  std::vector<float> values(static_cast<size_t>(entries_[i].shape.elements()));
  context_->download(values.data(), block(trial) + entries_[i].offset * kFloat, bytes_of(values));
  return values;
}

void VariableStore::write(size_t i, std::span<const float> values, int64_t trial) {
  if (static_cast<int64_t>(values.size()) != entries_[i].shape.elements()) {
    throw Error("'" + entries_[i].name + "' is " + entries_[i].shape.to_string());
  }
  context_->upload(block(trial) + entries_[i].offset * kFloat, values.data(), bytes_of(values));
}

std::vector<float> VariableStore::read_prefix(size_t count, int64_t trial) const {
  std::vector<float> values(static_cast<size_t>(prefix_size(count)));
  context_->download(values.data(), block(trial), bytes_of(values));
  return values;
}

void VariableStore::write_prefix(size_t count, std::span<const float> snapshot, int64_t trial) {
  if (static_cast<int64_t>(snapshot.size()) != prefix_size(count)) {
    throw Error("restore: the snapshot is of another model");
  }
  context_->upload(block(trial), snapshot.data(), bytes_of(snapshot));
}

int64_t VariableStore::prefix_size(size_t count) const {
  return count < entries_.size() ? entries_[count].offset : size_;
}

}  // namespace mlrun::train
