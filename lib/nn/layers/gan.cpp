#include "nn/layers/gan.h"

#include <fmt/format.h>

#include "nn/model.h"
#include "ops/functions.h"

namespace mlrun::nn {
namespace {

// A model inside a model: its layers get the scope of its name.
struct Network : Layer {
  explicit Network(std::span<const config::Ref<config::LayerKind>> all) : layers(all) {}

  ValueId build(Builder& b, ValueId x) const override {
    Diagnostics diagnostics;
    const ValueId y = build_model(b, layers, x, {}, diagnostics);
    diagnostics.throw_if_any();
    return y;
  }

  std::span<const config::Ref<config::LayerKind>> layers;
};

[[noreturn]] void fail(const config::Ref<config::LayerKind>& layer, const std::string& message) {
  throw InputError(render_error(layer.mark, message));
}

}  // namespace

const config::FieldList& Gan::fields() {
  static const config::FieldList list =
      config::FieldListOf<Gan>("GAN", "A generator and a discriminator; the whole of a model.")
          .field("latent", &Gan::latent, "numbers that the generator makes a sample from",
                 config::count())
          .field("conditional", &Gan::conditional, "whether both are told the class")
          .field("generator", &Gan::generator, "layers from noise to a sample", config::required)
          .field("discriminator", &Gan::discriminator, "layers from a sample to one score",
                 config::required)
          .field("generator_optimizer", &Gan::generator_optimizer,
                 "of the generator; default: train.optimizer, as of the discriminator");
  return list;
}

ValueId Gan::build(Builder&, ValueId) const {
  throw graph::ShapeError("is a whole model and stands alone: `model: {GAN: {...}}`");
}

ValueId Gan::generate(Builder& b, ValueId noise, ValueId classes, const Shape& sample) const {
  graph::Graph& g = b.graph();
  const ValueId input = classes == graph::kNoValue ? noise : ops::concat(g, {noise, classes}, 1);
  const ValueId made = b.add("generator", "Network", Network(generator), std::span(&input, 1));
  if (g.shape(made).sample_elements() != sample.sample_elements()) {
    fail(generator.back(), fmt::format("the generator makes {}, but a sample is {}",
                                       g.shape(made).to_string(), sample.to_string()));
  }
  return ops::reshape(g, made, sample);
}

ValueId Gan::discriminate(Builder& b, ValueId x, ValueId classes) const {
  graph::Graph& g = b.graph();
  if (classes != graph::kNoValue) {
    const ValueId flat = ops::reshape(g, x, Shape{kBatch, g.shape(x).sample_elements()});
    x = ops::concat(g, {flat, classes}, 1);
  }
  const ValueId score = b.add("discriminator", "Network", Network(discriminator), std::span(&x, 1));
  if (g.shape(score).sample_elements() != 1) {
    fail(discriminator.back(),
         fmt::format("the discriminator must end in one unit, not {}", g.shape(score).to_string()));
  }
  return ops::reshape(g, score, Shape{kBatch});
}

const Gan* as_gan(std::span<const config::Ref<config::LayerKind>> model) {
  return model.size() == 1 ? dynamic_cast<const Gan*>(model[0].object.get()) : nullptr;
}

}  // namespace mlrun::nn
