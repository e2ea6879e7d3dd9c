// The memory of a model: weights, state and optimiser slots in one block.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "device/context.h"
#include "tensor/shape.h"

namespace mlrun::train {

/// Arrays of floats in the memory of a context, each at a 64-byte boundary of one block, in the
/// order of add(). A stack of trials has a block for each of them. The host reads and writes what
/// it has copied.
class VariableStore {
 public:
  /// Only before allocate(). Returns the array's number.
  size_t add(std::string name, const Shape& shape);

  /// Zero-filled; `trials` blocks. The context must outlive the store.
  void allocate(device::Context& context, int64_t trials = 1);

  size_t count() const { return entries_.size(); }
  const std::string& name(size_t i) const { return entries_[i].name; }
  const Shape& shape(size_t i) const { return entries_[i].shape; }

  /// For kernels: of the first trial; that of the next begins stride() bytes later.
  float* data(size_t i) const;
  int64_t stride() const;

  std::vector<float> read(size_t i, int64_t trial = 0) const;
  void write(size_t i, std::span<const float> values, int64_t trial = 0);

  /// Arrays [0, count), padding included: a snapshot. write_prefix() throws Error when it is of
  /// another size.
  std::vector<float> read_prefix(size_t count, int64_t trial = 0) const;
  void write_prefix(size_t count, std::span<const float> snapshot, int64_t trial = 0);

 private:
  struct Entry {
    std::string name;
    Shape shape;
    int64_t offset = 0;
  };

  int64_t prefix_size(size_t count) const;
  std::byte* block(int64_t trial) const { return memory_.get() + trial * stride(); }

  std::vector<Entry> entries_;
  int64_t size_ = 0;
  device::Context* context_ = nullptr;
  device::Memory memory_;
};

}  // namespace mlrun::train
