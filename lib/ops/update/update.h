// Optimiser steps: one op that changes parameters and slots in place.
#pragma once

#include <cstdint>

#include "graph/op.h"

namespace mlrun::ops {

enum class UpdateRule : uint8_t { kSgd, kAdam, kRmsprop, kAdagrad };

/// Constants of a step, with Keras' meaning.
struct UpdateSettings {
  UpdateRule rule = UpdateRule::kSgd;
  float momentum = 0;     ///< kSgd, kRmsprop
  bool nesterov = false;  ///< kSgd
  float beta_1 = 0.9f;    ///< kAdam
  float beta_2 = 0.999f;  ///< kAdam; rho of kRmsprop
  float epsilon = 1e-7f;
  bool amsgrad = false;       ///< kAdam
  bool centered = false;      ///< kRmsprop
  float weight_decay = 0;     ///< decoupled: parameter -= learning rate * weight_decay * parameter
  float clipvalue = 0;        ///< 0: off. Each element of a gradient to [-c, c]
  float clipnorm = 0;         ///< 0: off. Each gradient to at most this norm
  float global_clipnorm = 0;  ///< 0: off. All gradients together to at most this norm

  int slots() const;  ///< slot tensors per parameter
};

/// Inputs: state float (2) = {learning rate, step counted from 1}; if gated, gate float (2) = {0 if
/// the step is to be left out, steps left out so far}; then for every parameter its value, its
/// gradient and slots() slots. No outputs. A step that is left out changes nothing, and does not
/// count in t.
///
///   SGD       v = m v - lr g;  p += v            (Nesterov: p += m v - lr g)
///   Adam      Kingma, Ba 2015, with Keras' epsilon outside the bias correction:
///             p -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + epsilon)
///   RMSprop   v = rho v + (1 - rho) g^2;  p -= lr g / sqrt(v + epsilon)  (centred: v - mean^2)
///   Adagrad   Duchi 2011: a += g^2;  p -= lr g / sqrt(a + epsilon)
class UpdateOp : public graph::Op {
 public:
  explicit UpdateOp(const UpdateSettings& settings, bool gated = false)
      : settings_(settings), gated_(gated) {}

  std::string_view name() const override { return "Update"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  bool mutates(int input) const override;
  graph::Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                   int64_t batch) const override;
  const UpdateSettings& settings() const { return settings_; }
  bool is_gated() const { return gated_; }

  /// Where the first parameter stands among the inputs, and how far it is to the next.
  size_t first() const { return gated_ ? 2 : 1; }
  size_t group() const { return 2 + static_cast<size_t>(settings_.slots()); }

 private:
  UpdateSettings settings_;
  bool gated_;
};

void update_cpu(const graph::KernelCall& call);
void update_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
