// How attention is cut: by its shape alone, so that results do not depend on the threads.
#pragma once

#include <algorithm>
#include <array>

#include "ops/attention/attention.h"

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

/// All parts' blocks: what the kernels of the CPU need.
inline int64_t attention_workspace_floats(int64_t queries, int64_t keys) {
  return kAttentionParts * attention_scratch_floats(queries, keys);
}

/// What the kernels of a GPU have in the workspace, with a matrix of its own for each head of each
/// sample: one product then makes those of all. Of rows of tokens, or (T, S).
enum class HeadMatrix : uint8_t {
  kQuery,
  kKey,
  kValue,
  kResult,  ///< y, or dy
  kQueryGrad,
  kKeyGrad,
  kValueGrad,
  kScores,
  kDropped,  ///< what dropout leaves of the probabilities
};
inline constexpr size_t kHeadMatrices = 9;

/// Where they begin, in floats, for `samples` at a time.
struct HeadMatrices {
  int64_t samples = 1;
  std::array<int64_t, kHeadMatrices> first{};
  int64_t floats = 0;

  int64_t operator[](HeadMatrix which) const { return first[static_cast<size_t>(which)]; }
};

/// `samples` of `queries` and `keys`; all at a time if they fit.
HeadMatrices head_matrices(const AttentionOptions& options, bool is_gradient, int64_t samples,
                           int64_t queries, int64_t keys);

}  // namespace mlrun::ops
