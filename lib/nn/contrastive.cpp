#include "nn/contrastive.h"

#include "nn/activations.h"
#include "ops/loss/nt_xent.h"

namespace mlrun::nn {
namespace {

using graph::Graph;
using graph::ValueId;

struct NtXent : ContrastiveLoss {
  double temperature = 0.5;
  static const config::FieldList& fields() {
    static const config::FieldList list =
        config::FieldListOf<NtXent>("nt_xent",
                                    "Tells the two views of a sample from those of the others in "
                                    "the batch. Chen et al. 2020.")
            .field("temperature", &NtXent::temperature, "divides the cosines", config::above(0));
    return list;
  }
  ValueId per_pair(Graph& g, ValueId a, ValueId b) const override {
    return g.apply(std::make_shared<ops::NtXentOp>(static_cast<float>(temperature)),
                   {unit_vectors(g, a), unit_vectors(g, b)});
  }
};

}  // namespace

ValueId ContrastiveLoss::per_sample(Graph&, ValueId, ValueId) const {
  throw graph::ShapeError("a contrastive loss compares two views of a sample");
}

const ContrastiveLoss* as_contrastive(const config::TrainSpec& spec) {
  return dynamic_cast<const ContrastiveLoss*>(spec.loss.object.get());
}

void add_contrastive_losses(config::Catalog& catalog) { catalog.add<NtXent>({"info_nce"}); }

}  // namespace mlrun::nn
