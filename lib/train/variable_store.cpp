#include "train/variable_store.h"

#include <algorithm>
#include <new>

namespace mlrun::train {
namespace {

constexpr int64_t kLine = 16;  // floats in 64 bytes

}  // namespace

void VariableStore::Free::operator()(float* memory) const {
  ::operator delete[](memory, std::align_val_t(64));
}

size_t VariableStore::add(std::string name, const Shape& shape) {
  entries_.push_back({std::move(name), shape, size_});
  size_ += (shape.elements() + kLine - 1) / kLine * kLine;
  return entries_.size() - 1;
}

void VariableStore::allocate() {
  const auto floats = static_cast<size_t>(std::max(size_, kLine));
  memory_.reset(new (std::align_val_t(64)) float[floats]());
}

std::span<float> VariableStore::at(size_t i) {
  return {memory_.get() + entries_[i].offset, static_cast<size_t>(entries_[i].shape.elements())};
}

std::span<float> VariableStore::prefix(size_t count) {
  const int64_t end = count < entries_.size() ? entries_[count].offset : size_;
  return {memory_.get(), static_cast<size_t>(end)};
}

}  // namespace mlrun::train
