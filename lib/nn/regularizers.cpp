// Penalties on weights, as in Keras.
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

}  // namespace

const config::Catalog& regularizer_catalog() {
  static const config::Catalog catalog = [] {
    config::Catalog all("regularizer");
    all.add<L1>().add<L2>().add<L1L2>({"l1_l2"});
    return all;
  }();
  return catalog;
}

}  // namespace mlrun::nn
