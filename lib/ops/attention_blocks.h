// How attention is cut: by its shape alone, so that results do not depend on the threads.
#pragma once

#include <algorithm>

#include "ops/attention.h"

namespace mlrun::ops {

/// Samples and heads are dealt to at most this many parts, each with its own scratch memory.
inline constexpr int64_t kAttentionParts = 16;

/// Queries whose probabilities (with their gradients) stay in the level-2 cache.
inline int64_t attention_rows(int64_t queries, int64_t keys) {
  constexpr int64_t kProbabilities = 32 * 1024;
  return std::clamp<int64_t>(kProbabilities / std::max<int64_t>(keys, 1) / 16 * 16, 16,
                             std::max<int64_t>(queries, 16));
}

/// Two blocks of probabilities for each part.
inline int64_t attention_scratch_floats(int64_t queries, int64_t keys) {
  return 2 * (attention_rows(queries, keys) * keys + 16) / 16 * 16;
}

/// All parts' blocks, and room for two whole matrices of one head: a GPU multiplies no less at
/// once.
inline int64_t attention_workspace_floats(int64_t queries, int64_t keys) {
  return std::max(kAttentionParts * attention_scratch_floats(queries, keys), 2 * queries * keys);
}

inline int64_t attention_workspace_bytes(const AttentionOptions& options,
                                         std::span<const TensorType> inputs) {
  return static_cast<int64_t>(sizeof(float)) *
         attention_workspace_floats(inputs[0].shape[1], inputs[options.cross ? 1 : 0].shape[1]);
}

}  // namespace mlrun::ops
