// Numbers of the host that kernels read, uploaded once.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "device/context.h"

namespace mlrun::device {

/// What an op knows when the graph is built (constants, adjacency lists) in the memory of a
/// context. Found by content: equal numbers are there once, until the context ends.
class Constants {
 public:
  /// Uploads at the first call with these bytes, which must not be inside of a recording;
  /// Context::replay() runs everything once before it records.
  const std::byte* of(Context& context, std::span<const std::byte> bytes);

 private:
  struct Entry {
    std::vector<std::byte> bytes;
    Memory memory;
  };
  std::vector<Entry> entries_;
};

}  // namespace mlrun::device
