// What a GPU has for one block of threads.
#pragma once

#include <cstdint>

namespace mlrun::device {

struct BlockLimits {
  int64_t shared_floats = 0;  ///< that one block can have
  int processors = 0;         ///< of the GPU, with a block each
};

}  // namespace mlrun::device
