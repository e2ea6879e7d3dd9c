#include "nn/layers/mixture_of_experts.h"

#include <fmt/format.h>

#include "ops/functions.h"
#include "ops/product/grouped_matmul.h"
#include "ops/shape/routing.h"

namespace mlrun::nn {
namespace {

constexpr float kShareMomentum = 0.99f;

// Rows times the kernel of the expert whose they are.
ValueId multiply(Builder& b, const MixtureOfExperts& layer, const std::string& name, ValueId rows,
                 ValueId first_rows, int64_t units) {
  graph::Graph& g = b.graph();
  const Shape kernel{g.shape(rows).back(), units};
  std::vector<ValueId> inputs = {rows, first_rows};
  const auto add_weights = [&](const char* what, const Shape& shape, const InitializerRef& start) {
    for (int64_t e = 0; e < layer.experts; ++e) {
      inputs.push_back(b.weight(fmt::format("expert_{}/{}_{}", e, name, what), shape, start));
    }
  };
  add_weights("kernel", kernel, layer.kernel_initializer);
  add_weights("bias", Shape{units}, initializer("Zeros"));
  return g.apply(std::make_shared<ops::GroupedMatMulOp>(layer.experts, true), inputs);
}

// How the tokens that count are spread over the experts.
struct Spread {
  ValueId share;  ///< of the chosen places (E)
  ValueId mean;   ///< of the probabilities (E)
};

// Over the steps that count: where padding goes is in neither.
Spread masked_spread(graph::Graph& g, const MixtureOfExperts& layer, ValueId probabilities,
                     ValueId choice, ValueId mask) {
  const Shape experts{layer.experts};
  const ValueId weight = ops::reshape(g, mask, Shape{kBatch, g.shape(mask)[1], 1});
  const ValueId count = ops::unary(g, ops::Ew::kMaximumC, ops::sum(g, weight), 1);
  const auto mean_of = [&](ValueId value) {
    return ops::div(g, ops::reduce_to(g, value, experts), count);
  };
  const ValueId each = ops::fill(g, mask, g.shape(choice), 1);
  const ValueId chosen = g.apply(std::make_shared<ops::ChooseGradOp>(),
                                 {probabilities, choice, ops::mul(g, each, weight)});
  const auto choices = static_cast<float>(layer.experts_per_token);
  return {ops::scale(g, mean_of(chosen), 1 / choices), mean_of(ops::mul(g, probabilities, weight))};
}

// The penalty, and the state that says how the tokens are spread. `route` as of RouteOp.
void balance(Builder& b, const MixtureOfExperts& layer, ValueId probabilities,
             std::span<const ValueId> route, ValueId mask) {
  graph::Graph& g = b.graph();
  const Shape experts{layer.experts};
  const ValueId moving = b.weight("expert_share", experts, initializer("Zeros"), {false, {}});
  if (!b.training()) return;
  const auto [share, mean] =
      mask == graph::kNoValue ? Spread{g.apply(std::make_shared<ops::ExpertShareOp>(), {route[2]}),
                                       ops::reduce_to(g, probabilities, experts, true)}
                              : masked_spread(g, layer, probabilities, route[0], mask);
  ops::update_moving_average(g, moving, share, kShareMomentum);
  const auto factor = static_cast<float>(layer.balance_loss * static_cast<double>(layer.experts));
  b.add_penalty(ops::scale(g, ops::sum(g, ops::mul(g, share, mean)), factor));
}

}  // namespace

const config::FieldList& MixtureOfExperts::fields() {
  static const config::FieldList list =
      config::FieldListOf<MixtureOfExperts>(
          "MixtureOfExperts", "Feed-forward networks, a few of which each token uses.")
          .field("experts", &MixtureOfExperts::experts, "number of networks", config::required,
                 config::between(1, kMostExperts))
          .field("experts_per_token", &MixtureOfExperts::experts_per_token, "how many a token uses",
                 config::count())
          .field("intermediate_dim", &MixtureOfExperts::intermediate_dim,
                 "width of each network's hidden layer", config::required, config::count())
          .field("activation", &MixtureOfExperts::activation, "of the hidden layers")
          .field("balance_loss", &MixtureOfExperts::balance_loss,
                 "factor of the penalty on uneven use", config::at_least(0))
          .field("kernel_initializer", &MixtureOfExperts::kernel_initializer,
                 "start of all kernels");
  return list;
}

ValueId MixtureOfExperts::build(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  const int64_t width = g.shape(x).back();
  const ValueId router = b.weight("router_kernel", Shape{width, experts}, kernel_initializer);
  const ValueId probabilities = ops::softmax(g, ops::matmul(g, x, router));
  const std::vector<ValueId> route =
      g.apply_multi(std::make_shared<ops::RouteOp>(experts_per_token), {probabilities});
  const ValueId place = route[1];
  const ValueId first_rows = route[2];
  ValueId gate = g.apply(std::make_shared<ops::ChooseOp>(), {probabilities, route[0]});
  if (experts_per_token > 1) {
    std::vector<int64_t> dims(g.shape(gate).dims().begin(), g.shape(gate).dims().end());
    dims.back() = 1;
    gate = ops::div(g, gate, ops::reduce_to(g, gate, Shape(dims)));
  }
  const ValueId mask = g.shape(x).rank() == 3 ? b.mask(x) : graph::kNoValue;
  balance(b, *this, probabilities, route, mask);
  const ValueId rows = g.apply(std::make_shared<ops::DispatchOp>(), {x, place});
  const ValueId hidden =
      activate(g, activation, multiply(b, *this, "hidden", rows, first_rows, intermediate_dim));
  const ValueId out = multiply(b, *this, "output", hidden, first_rows, width);
  return g.apply(std::make_shared<ops::CombineOp>(), {out, place, gate});
}

}  // namespace mlrun::nn
