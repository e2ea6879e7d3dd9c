#include "nn/adversarial.h"

#include "ops/functions.h"

namespace mlrun::nn {
namespace {

using config::FieldList;
using config::FieldListOf;
using graph::Graph;
using graph::ValueId;
using ops::Ew;

template <class T>
FieldList with_common_fields(const char* name, const char* doc) {
  return FieldListOf<T>(name, doc)
      .field("critic_steps", &T::critic_steps,
             "steps of the discriminator for each of the generator, counted over all epochs",
             config::at_least(1))
      .field("gradient_penalty", &T::gradient_penalty,
             "factor of (|gradient of the score| - 1)^2 between real and made samples; 0: off",
             config::at_least(0));
}

// -log sigmoid(s)
ValueId surprise(Graph& g, ValueId score) {
  return ops::unary(g, Ew::kSoftplus, ops::unary(g, Ew::kNegate, score));
}

struct NonSaturating : AdversarialLoss {
  static const FieldList& fields() {
    static const FieldList list = with_common_fields<NonSaturating>(
        "non_saturating",
        "Cross-entropy of real and made; the generator minimises -log D. Goodfellow et al. 2014.");
    return list;
  }
  ValueId discriminator(Graph& g, ValueId real, ValueId made) const override {
    return ops::add(g, surprise(g, real), ops::unary(g, Ew::kSoftplus, made));
  }
  ValueId generator(Graph& g, ValueId made) const override { return surprise(g, made); }
};

struct Wasserstein : AdversarialLoss {
  Wasserstein() {
    critic_steps = 5;
    gradient_penalty = 10;
  }
  static const FieldList& fields() {
    static const FieldList list = with_common_fields<Wasserstein>(
        "wasserstein",
        "Difference of the mean scores, with gradient penalty. Gulrajani et al. 2017.");
    return list;
  }
  ValueId discriminator(Graph& g, ValueId real, ValueId made) const override {
    return ops::sub(g, made, real);
  }
  ValueId generator(Graph& g, ValueId made) const override {
    return ops::unary(g, Ew::kNegate, made);
  }
};

}  // namespace

ValueId AdversarialLoss::per_sample(Graph&, ValueId, ValueId) const {
  throw graph::ShapeError("an adversarial loss has two sides; its model is a GAN");
}

void add_adversarial_losses(config::Catalog& catalog) {
  catalog.add<NonSaturating>().add<Wasserstein>({"wasserstein_gp", "wgan_gp"});
}

}  // namespace mlrun::nn
