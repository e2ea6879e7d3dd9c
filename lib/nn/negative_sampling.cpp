#include "nn/negative_sampling.h"

#include "nn/losses.h"
#include "ops/functions.h"

namespace mlrun::nn {
namespace {

using graph::Graph;
using graph::ValueId;

struct NegativeSampling : Loss {
  static const config::FieldList& fields() {
    static const config::FieldList list("negative_sampling",
                                        "-log sigmoid(s[label]) - sum of log sigmoid(-s[others])");
    return list;
  }
  TargetKind target_kind() const override { return TargetKind::kLabels; }
  ValueId prediction(Graph& g, ValueId output) const override { return ops::softmax(g, output); }
  // -log sigmoid(s) = softplus(s) - s, -log sigmoid(-s) = softplus(s).
  ValueId per_sample(Graph& g, ValueId output, ValueId target) const override {
    const ValueId truth = ops::one_hot(g, target, g.shape(output).back());
    const ValueId losses =
        ops::sub(g, ops::unary(g, ops::Ew::kSoftplus, output), ops::mul(g, truth, output));
    return ops::reduce_to(g, losses, Shape{kBatch});
  }
};

}  // namespace

void add_negative_sampling(config::Catalog& losses) { losses.add<NegativeSampling>(); }

}  // namespace mlrun::nn
