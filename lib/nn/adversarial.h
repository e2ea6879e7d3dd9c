// Losses of two networks that play against each other. They go with the model GAN only.
#pragma once

#include "nn/losses.h"

namespace mlrun::nn {

/// Scores are what the discriminator says of each sample (N): large for real ones.
class AdversarialLoss : public Loss {
 public:
  int64_t critic_steps = 1;     ///< of the discriminator, for each of the generator
  double gradient_penalty = 0;  ///< factor of (|d score / d x| - 1)^2 between real and made

  TargetKind target_kind() const override { return TargetKind::kNone; }
  graph::ValueId per_sample(graph::Graph&, graph::ValueId, graph::ValueId) const override;

  /// What the discriminator minimises (N), without the gradient penalty.
  virtual graph::ValueId discriminator(graph::Graph& g, graph::ValueId real,
                                       graph::ValueId made) const = 0;

  /// What the generator minimises (N).
  virtual graph::ValueId generator(graph::Graph& g, graph::ValueId made) const = 0;
};

void add_adversarial_losses(config::Catalog& catalog);

}  // namespace mlrun::nn
