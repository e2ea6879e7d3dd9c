#pragma once

#include "nn/layer.h"

namespace mlrun::nn {

/// Generator and discriminator. Stands alone as the model; train/gan_graph.h says how the two are
/// trained. With `conditional` both also read the class as one-hot columns, and the discriminator
/// reads its sample flattened.
struct Gan : Layer {
  int64_t latent = 64;
  bool conditional = false;
  std::vector<config::Ref<config::LayerKind>> generator;
  std::vector<config::Ref<config::LayerKind>> discriminator;
  config::Ref<config::OptimizerKind> generator_optimizer;

  static const config::FieldList& fields();
  std::vector<std::string> loss_terms() const override { return {"generator_loss"}; }
  ValueId build(Builder& b, ValueId x) const override;

  /// noise (N, latent) -> samples of the shape `sample` (N, ...). `classes`: one-hot (N, C), or
  /// kNoValue. Throws InputError when the layers do not fit.
  ValueId generate(Builder& b, ValueId noise, ValueId classes, const Shape& sample) const;

  /// x (N, ...) -> score of each sample (N): large for real ones.
  ValueId discriminate(Builder& b, ValueId x, ValueId classes) const;
};

/// The GAN that a model consists of, or null.
const Gan* as_gan(std::span<const config::Ref<config::LayerKind>> model);

}  // namespace mlrun::nn
