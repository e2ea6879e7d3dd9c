// Losses of two views of each sample. The model is built twice over the same weights, and what is
// random in it, such as RandomFlip, is drawn for each view.
#pragma once

#include "nn/losses.h"

namespace mlrun::nn {

class ContrastiveLoss : public Loss {
 public:
  TargetKind target_kind() const override { return TargetKind::kNone; }
  graph::ValueId per_sample(graph::Graph&, graph::ValueId, graph::ValueId) const override;

  /// What the model makes of the two views (N, K) -> loss of each sample (N).
  virtual graph::ValueId per_pair(graph::Graph& g, graph::ValueId a, graph::ValueId b) const = 0;
};

/// The loss of a training as a contrastive one, or null.
const ContrastiveLoss* as_contrastive(const config::TrainSpec& spec);

void add_contrastive_losses(config::Catalog& catalog);

}  // namespace mlrun::nn
