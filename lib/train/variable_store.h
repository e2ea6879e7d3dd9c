// The memory of a model: weights, state and optimiser slots in one block.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tensor/shape.h"

namespace mlrun::train {

/// Arrays of floats, each at a 64-byte boundary of one block, in the order of add().
class VariableStore {
 public:
  /// Only before allocate(). Returns the array's number.
  size_t add(std::string name, const Shape& shape);

  /// Zero-filled.
  void allocate();

  size_t count() const { return entries_.size(); }
  const std::string& name(size_t i) const { return entries_[i].name; }
  const Shape& shape(size_t i) const { return entries_[i].shape; }
  std::span<float> at(size_t i);

  /// The memory of arrays [0, count): padding included, for snapshots.
  std::span<float> prefix(size_t count);

 private:
  struct Entry {
    std::string name;
    Shape shape;
    int64_t offset = 0;
  };
  struct Free {
    void operator()(float* memory) const;
  };

  std::vector<Entry> entries_;
  int64_t size_ = 0;
  std::unique_ptr<float[], Free> memory_;
};

/// Zero-filled floats at a 64-byte boundary.
class AlignedFloats {
 public:
  explicit AlignedFloats(int64_t count) {
    store_.add("", Shape{count});
    store_.allocate();
  }
  float* data() { return store_.at(0).data(); }

 private:
  VariableStore store_;
};

}  // namespace mlrun::train
