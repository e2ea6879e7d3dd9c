// Penalties on weights and activities, as in Keras.
#include <cmath>

#include "nn/layer.h"
#include "ops/functions.h"

namespace mlrun::nn {
namespace {

using config::FieldList;
using config::FieldListOf;
using graph::Graph;

ValueId l1_penalty(Graph& g, ValueId w, double factor) {
  return ops::scale(g, ops::sum(g, ops::unary(g, ops::Ew::kAbs, w)), static_cast<float>(factor));
}

ValueId l2_penalty(Graph& g, ValueId w, double factor) {
  return ops::scale(g, ops::sum(g, ops::unary(g, ops::Ew::kSquare, w)), static_cast<float>(factor));
}

struct L1 : Regularizer {
  double l1 = 0.01;
  static const FieldList& fields() {
    static const FieldList list =
        FieldListOf<L1>("L1", "l1 sum |w|").field("l1", &L1::l1, "factor", config::at_least(0));
    return list;
  }
  ValueId penalty(Graph& g, ValueId w) const override { return l1_penalty(g, w, l1); }
};

struct L2 : Regularizer {
  double l2 = 0.01;
  static const FieldList& fields() {
    static const FieldList list =
        FieldListOf<L2>("L2", "l2 sum w^2").field("l2", &L2::l2, "factor", config::at_least(0));
    return list;
  }
  ValueId penalty(Graph& g, ValueId w) const override { return l2_penalty(g, w, l2); }
};

struct L1L2 : Regularizer {
  double l1 = 0;
  double l2 = 0;
  static const FieldList& fields() {
    static const FieldList list = FieldListOf<L1L2>("L1L2", "l1 sum |w| + l2 sum w^2")
                                      .field("l1", &L1L2::l1, "factor", config::at_least(0))
                                      .field("l2", &L1L2::l2, "factor", config::at_least(0));
    return list;
  }
  ValueId penalty(Graph& g, ValueId w) const override {
    return ops::add(g, l1_penalty(g, w, l1), l2_penalty(g, w, l2));
  }
};

// sum rho log(rho / r) + (1 - rho) log((1 - rho) / (1 - r)), r the mean activity of each unit over
// the batch. Ng, "Sparse autoencoder", CS294A 2011.
struct KlSparsity : Regularizer {
  double rho = 0.05;
  double factor = 0.01;
  static const FieldList& fields() {
    static const FieldList list =
        FieldListOf<KlSparsity>("KLSparsity",
                                "Divergence of each unit's mean activity from rho; for outputs "
                                "in (0, 1)")
            .field("rho", &KlSparsity::rho, "mean activity that is wanted", config::above(0),
                   config::fraction())
            .field("factor", &KlSparsity::factor, "factor", config::at_least(0));
    return list;
  }
  ValueId penalty(Graph&, ValueId) const override {
    throw graph::ShapeError(
        "KLSparsity is for activity_regularizer: weights have no mean activity");
  }
  ValueId activity_penalty(Graph& g, ValueId x) const override {
    constexpr float kMargin = 1e-7f;
    const Shape units{g.shape(x).back()};
    const ValueId mean = ops::reduce_to(g, x, units, true);
    const ValueId r = ops::unary(g, ops::Ew::kMinimumC,
                                 ops::unary(g, ops::Ew::kMaximumC, mean, kMargin), 1 - kMargin);
    const ValueId not_r = ops::offset(g, ops::unary(g, ops::Ew::kNegate, r), 1);
    const auto wanted = static_cast<float>(rho);
    // The entropy of rho is a constant of each unit.
    const double entropy = rho * std::log(rho) + (1 - rho) * std::log1p(-rho);
    const ValueId cross = ops::add(g, ops::scale(g, ops::unary(g, ops::Ew::kLog, r), -wanted),
                                   ops::scale(g, ops::unary(g, ops::Ew::kLog, not_r), wanted - 1));
    return ops::scale(g, ops::sum(g, ops::offset(g, cross, static_cast<float>(entropy))),
                      static_cast<float>(factor));
  }
};

}  // namespace

ValueId Regularizer::activity_penalty(Graph& g, ValueId activity) const {
  const ValueId total = penalty(g, activity);
  const ValueId ones = ops::fill_like(g, activity, 1);
  const ValueId count = ops::sum(g, ops::reduce_to(g, ones, Shape{kBatch}, true));
  return ops::div(g, total, count);
}

const config::Catalog& regularizer_catalog() {
  static const config::Catalog catalog = [] {
    config::Catalog all("regularizer");
    all.add<KlSparsity>().add<L1>().add<L2>().add<L1L2>({"l1_l2"});
    return all;
  }();
  return catalog;
}

}  // namespace mlrun::nn

template struct mlrun::config::FieldOf<mlrun::nn::RegularizerRef>;
