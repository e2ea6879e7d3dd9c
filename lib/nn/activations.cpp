#include "nn/activations.h"

#include "ops/functions.h"

namespace mlrun::nn {
namespace {

using config::FieldList;
using config::FieldListOf;
using graph::Graph;
using graph::ValueId;
using ops::Ew;

using Function = ValueId (*)(Graph&, ValueId);

template <Ew code>
ValueId one(Graph& g, ValueId x) {
  return ops::unary(g, code, x);
}

ValueId relu6(Graph& g, ValueId x) {
  return ops::unary(g, Ew::kMinimumC, ops::unary(g, Ew::kRelu, x), 6);
}

// Klambauer et al. 2017.
ValueId selu(Graph& g, ValueId x) {
  constexpr float kAlpha = 1.6732632423543772f;
  constexpr float kScale = 1.0507009873554805f;
  return ops::scale(g, ops::unary(g, Ew::kElu, x, kAlpha), kScale);
}

ValueId silu(Graph& g, ValueId x) { return ops::mul(g, x, ops::unary(g, Ew::kSigmoid, x)); }

// x tanh(softplus(x)), Misra 2019.
ValueId mish(Graph& g, ValueId x) {
  return ops::mul(g, x, ops::unary(g, Ew::kTanh, ops::unary(g, Ew::kSoftplus, x)));
}

ValueId hard_silu(Graph& g, ValueId x) {
  return ops::mul(g, x, ops::unary(g, Ew::kHardSigmoid, x));
}

ValueId softmax(Graph& g, ValueId x) {
  const Shape& shape = g.shape(x);
  if (shape.rank() > 1 && shape.back() == 1) {
    throw graph::ShapeError("softmax over one unit is always 1; use sigmoid, or more units");
  }
  return ops::softmax(g, x);
}

struct NamedFunction {
  const char* name;
  const char* doc;
  Function function;
  std::vector<std::string> aliases;
};

const std::vector<NamedFunction>& simple_activations() {
  static const std::vector<NamedFunction> all = {
      {"linear", "x", [](Graph&, ValueId x) { return x; }, {}},
      {"relu", "max(x, 0)", one<Ew::kRelu>, {}},
      {"relu6", "min(max(x, 0), 6)", relu6, {}},
      {"selu", "1.0507 elu(x, 1.6733)", selu, {}},
      {"gelu", "x Phi(x), exact: Hendrycks, Gimpel 2016", one<Ew::kGelu>, {}},
      {"sigmoid", "1 / (1 + e^-x)", one<Ew::kSigmoid>, {}},
      {"hard_sigmoid", "x / 6 + 0.5, cut to [0, 1]", one<Ew::kHardSigmoid>, {}},
      {"tanh", "hyperbolic tangent", one<Ew::kTanh>, {}},
      {"softplus", "log(1 + e^x)", one<Ew::kSoftplus>, {}},
      {"softsign", "x / (1 + |x|)", one<Ew::kSoftsign>, {}},
      {"silu", "x sigmoid(x)", silu, {"swish"}},
      {"hard_silu", "x hard_sigmoid(x)", hard_silu, {"hard_swish"}},
      {"mish", "x tanh(softplus(x))", mish, {}},
      {"exponential", "e^x", one<Ew::kExp>, {"exp"}},
      {"softmax", "e^x / sum e^x over the last axis", softmax, {}},
      {"log_softmax", "log softmax over the last axis", ops::log_softmax, {}},
      {"squash", "x |x| / (1 + |x|^2), of the vectors on the last axis", squash, {}},
  };
  return all;
}

class SimpleActivation : public Activation {
 public:
  explicit SimpleActivation(Function function) : function_(function) {}
  ValueId build(Graph& g, ValueId x) const override { return function_(g, x); }

 private:
  Function function_;
};

struct LeakyRelu : Activation {
  double negative_slope = 0.2;
  static const FieldList& fields() {
    static const FieldList list =
        FieldListOf<LeakyRelu>("leaky_relu", "x where positive, else negative_slope x")
            .field("negative_slope", &LeakyRelu::negative_slope, "slope below 0");
    return list;
  }
  ValueId build(Graph& g, ValueId x) const override {
    return ops::unary(g, Ew::kLeakyRelu, x, static_cast<float>(negative_slope));
  }
};

struct Elu : Activation {
  double alpha = 1;
  static const FieldList& fields() {
    static const FieldList list =
        FieldListOf<Elu>("elu", "x where positive, else alpha (e^x - 1). Clevert et al. 2015.")
            .field("alpha", &Elu::alpha, "limit below 0, negated", config::above(0));
    return list;
  }
  ValueId build(Graph& g, ValueId x) const override {
    return ops::unary(g, Ew::kElu, x, static_cast<float>(alpha));
  }
};

}  // namespace

const config::Catalog& activation_catalog() {
  static const config::Catalog catalog = [] {
    config::Catalog all("activation");
    for (const NamedFunction& simple : simple_activations()) {
      all.add_plain(
          simple.name, simple.doc,
          [function = simple.function] { return std::make_shared<SimpleActivation>(function); },
          simple.aliases);
    }
    all.add<LeakyRelu>().add<Elu>();
    return all;
  }();
  return catalog;
}

ActivationRef activation(std::string_view name) {
  const config::ComponentType* type = activation_catalog().find(name);
  if (!type) throw Error("no activation " + std::string(name));
  auto [object, spec] = type->make();
  ActivationRef ref;
  ref.object = std::move(object);
  ref.type = type;
  ref.spec = spec;
  return ref;
}

ValueId lengths(Graph& g, ValueId x) {
  constexpr float kTiny = 1e-12f;  // under the root, whose slope at 0 is infinite
  return ops::unary(g, Ew::kSqrt, ops::offset(g, ops::squared_norms(g, x), kTiny));
}

ValueId unit_vectors(Graph& g, ValueId x) { return ops::div(g, x, lengths(g, x)); }

ValueId squash(Graph& g, ValueId x) {
  const ValueId spread = ops::offset(g, ops::squared_norms(g, x), 1);
  return ops::mul(g, x, ops::div(g, lengths(g, x), spread));
}

ValueId activate(Graph& g, const ActivationRef& activation, ValueId x) {
  return activation ? activation.as<Activation>().build(g, x) : x;
}

}  // namespace mlrun::nn

template struct mlrun::config::FieldOf<mlrun::nn::ActivationRef>;
