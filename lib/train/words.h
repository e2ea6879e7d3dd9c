#pragma once

#include <cstdint>

namespace mlrun::train {

/// Bytes of a number in the device's memory: tables, orders, states and results hold float32, int32
/// and uint32.
inline constexpr int64_t kWord = 4;

}  // namespace mlrun::train
