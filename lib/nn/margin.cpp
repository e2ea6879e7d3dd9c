#include "nn/margin.h"

#include <fmt/format.h>

#include "nn/losses.h"
#include "ops/functions.h"

namespace mlrun::nn {
namespace {

using graph::Graph;
using graph::ValueId;
using ops::Ew;

// Sum over the classes of T max(0, m+ - v)^2 + down_weight (1 - T) max(0, v - m-)^2, T the one-hot
// label and v the length of each class's capsule. Sabour, Frosst, Hinton 2017, eq. 4.
struct Margin : Loss {
  double m_plus = 0.9;
  double m_minus = 0.1;
  double down_weight = 0.5;
  static const config::FieldList& fields() {
    static const config::FieldList list =
        config::FieldListOf<Margin>("margin",
                                    "Of capsules: the right class's long, the others' short.")
            .field("m_plus", &Margin::m_plus, "length above which the right one is long enough")
            .field("m_minus", &Margin::m_minus, "length below which another is short enough")
            .field("down_weight", &Margin::down_weight, "factor of the classes that are absent",
                   config::at_least(0));
    return list;
  }
  std::string contradiction() const override {
    if (m_minus <= m_plus) return "";
    return fmt::format("needs m_minus to be at most m_plus, but they are {} and {}", m_minus,
                       m_plus);
  }
  TargetKind target_kind() const override { return TargetKind::kLabels; }
  ValueId per_sample(Graph& g, ValueId output, ValueId target) const override {
    const ValueId truth = ops::one_hot(g, target, g.shape(output).back());
    const ValueId present =
        over(g, ops::offset(g, ops::scale(g, output, -1), static_cast<float>(m_plus)));
    const ValueId absent =
        ops::scale(g, over(g, ops::offset(g, output, static_cast<float>(-m_minus))),
                   static_cast<float>(down_weight));
    // absent + T (present - absent)
    const ValueId losses = ops::add(g, absent, ops::mul(g, truth, ops::sub(g, present, absent)));
    return ops::reduce_to(g, losses, Shape{kBatch});
  }

 private:
  static ValueId over(Graph& g, ValueId excess) {
    return ops::unary(g, Ew::kSquare, ops::unary(g, Ew::kRelu, excess));
  }
};

}  // namespace

void add_margin(config::Catalog& losses) { losses.add<Margin>(); }

}  // namespace mlrun::nn
