// Rotary position embedding. Su et al. 2021.
#pragma once

#include "graph/op.h"

namespace mlrun::ops {

struct RotaryOptions {
  int64_t heads = 1;      ///< turned, from the first element of a row on
  int64_t head_dim = 2;   ///< D, even
  bool backward = false;  ///< turn back, as the gradient does
};

/// x (N, T, W), table (T, D) -> x, in each head elements (i, i + D / 2) of position t turned by the
/// angle whose cosine is table[t][i] and whose sine is table[t][i + D / 2].
class RotaryOp : public graph::Op {
 public:
  explicit RotaryOp(const RotaryOptions& options) : options_(options) {}

  std::string_view name() const override { return "Rotary"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  bool may_overwrite(int input, int) const override { return input == 0; }
  const RotaryOptions& options() const { return options_; }

 private:
  RotaryOptions options_;
};

/// The table of T positions with the angles t base^(-2 i / D).
std::vector<float> rotary_table(int64_t positions, int64_t head_dim, double base);

void rotary_cpu(const graph::KernelCall& call);
void rotary_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
