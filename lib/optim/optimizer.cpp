#include "optim/optimizer.h"

#include <fmt/format.h>

namespace mlrun::optim {
namespace {

using config::FieldList;
using config::FieldListOf;
using ops::UpdateRule;
using ops::UpdateSettings;

// The fields that every optimiser has, behind its own.
template <class T>
FieldList with_common_fields(FieldListOf<T> list) {
  list.field("weight_decay", &T::weight_decay,
             "decoupled decay: weight -= learning_rate * weight_decay * weight",
             config::at_least(0))
      .field("clipnorm", &T::clipnorm, "each gradient to at most this norm; 0: off",
             config::at_least(0))
      .field("clipvalue", &T::clipvalue, "then each element to at most this size; 0: off",
             config::at_least(0))
      .field("global_clipnorm", &T::global_clipnorm,
             "all gradients together to at most this norm; 0: off", config::at_least(0));
  return list;
}

template <class T>
FieldListOf<T> with_learning_rate(const char* name, const char* doc) {
  FieldListOf<T> list(name, doc);
  list.field("learning_rate", &T::learning_rate, "a number or a schedule");
  return list;
}

struct Sgd : Optimizer {
  double momentum = 0;
  bool nesterov = false;
  Sgd() { learning_rate.value = 0.01; }
  static const FieldList& fields() {
    static const FieldList list = with_common_fields(
        with_learning_rate<Sgd>("SGD", "Gradient descent, with momentum.")
            .field("momentum", &Sgd::momentum, "of the velocity", config::float_fraction())
            .field("nesterov", &Sgd::nesterov, "look ahead along the velocity"));
    return list;
  }
  void configure(UpdateSettings& s) const override {
    s.rule = UpdateRule::kSgd;
    s.momentum = static_cast<float>(momentum);
    s.nesterov = nesterov;
  }
};

struct Adam : Optimizer {
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-7;
  bool amsgrad = false;
  static const FieldList& fields() {
    static const FieldList list = make_fields<Adam>("Adam", "Adam. Kingma, Ba 2015.");
    return list;
  }
  void configure(UpdateSettings& s) const override {
    s.rule = UpdateRule::kAdam;
    s.beta_1 = static_cast<float>(beta_1);
    s.beta_2 = static_cast<float>(beta_2);
    s.epsilon = static_cast<float>(epsilon);
    s.amsgrad = amsgrad;
  }

 protected:
  template <class T>
  static FieldList make_fields(const char* name, const char* doc) {
    return with_common_fields(
        with_learning_rate<T>(name, doc)
            .field("beta_1", &T::beta_1, "decay of the first moment", config::float_fraction())
            .field("beta_2", &T::beta_2, "decay of the second moment", config::float_fraction())
            .field("epsilon", &T::epsilon, "added to the root of the second moment",
                   config::above(0))
            .field("amsgrad", &T::amsgrad, "use the largest second moment so far"));
  }
};

struct AdamW : Adam {
  AdamW() { weight_decay = 0.004; }
  static const FieldList& fields() {
    static const FieldList list =
        make_fields<AdamW>("AdamW", "Adam with decoupled weight decay. Loshchilov, Hutter 2019.");
    return list;
  }
};

struct RmsProp : Optimizer {
  double rho = 0.9;
  double momentum = 0;
  double epsilon = 1e-7;
  bool centered = false;
  static const FieldList& fields() {
    static const FieldList list = with_common_fields(
        with_learning_rate<RmsProp>("RMSprop", "RMSprop. Tieleman, Hinton 2012.")
            .field("rho", &RmsProp::rho, "decay of the second moment", config::float_fraction())
            .field("momentum", &RmsProp::momentum, "of the velocity", config::float_fraction())
            .field("epsilon", &RmsProp::epsilon, "added to the second moment", config::above(0))
            .field("centered", &RmsProp::centered, "subtract the squared mean gradient"));
    return list;
  }
  void configure(UpdateSettings& s) const override {
    s.rule = UpdateRule::kRmsprop;
    s.beta_2 = static_cast<float>(rho);
    s.momentum = static_cast<float>(momentum);
    s.epsilon = static_cast<float>(epsilon);
    s.centered = centered;
  }
};

struct Adagrad : Optimizer {
  double initial_accumulator_value = 0.1;
  double epsilon = 1e-7;
  static const FieldList& fields() {
    static const FieldList list = with_common_fields(
        with_learning_rate<Adagrad>("Adagrad", "Adagrad. Duchi et al. 2011.")
            .field("initial_accumulator_value", &Adagrad::initial_accumulator_value,
                   "start of the sum of squares", config::at_least(0))
            .field("epsilon", &Adagrad::epsilon, "added to the sum", config::above(0)));
    return list;
  }
  double initial_slot_value() const override { return initial_accumulator_value; }
  void configure(UpdateSettings& s) const override {
    s.rule = UpdateRule::kAdagrad;
    s.epsilon = static_cast<float>(epsilon);
  }
};

}  // namespace

UpdateSettings Optimizer::settings() const {
  UpdateSettings s;
  s.weight_decay = static_cast<float>(weight_decay);
  s.clipnorm = static_cast<float>(clipnorm);
  s.clipvalue = static_cast<float>(clipvalue);
  s.global_clipnorm = static_cast<float>(global_clipnorm);
  configure(s);
  return s;
}

UpdateNode Optimizer::append(graph::Graph& g, std::span<const graph::ValueId> parameters,
                             std::span<const graph::ValueId> gradients, graph::ValueId gate) const {
  const UpdateSettings s = settings();
  UpdateNode node;
  node.state = g.input("optimizer_state", {Shape{2}, DType::kFloat32});
  const bool gated = gate != graph::kNoValue;
  std::vector<graph::ValueId> inputs = {node.state};
  if (gated) inputs.push_back(gate);
  for (size_t i = 0; i < parameters.size(); ++i) {
    inputs.push_back(parameters[i]);
    inputs.push_back(gradients[i]);
    for (int k = 0; k < s.slots(); ++k) {
      const std::string name = fmt::format("{}/slot_{}", g.value(parameters[i]).name, k);
      node.slots.push_back(g.variable(name, g.value(parameters[i]).type));
      inputs.push_back(node.slots.back());
    }
  }
  g.apply_multi(std::make_shared<ops::UpdateOp>(s, gated), std::move(inputs));
  return node;
}

const config::Catalog& optimizer_catalog() {
  static const config::Catalog catalog = [] {
    config::Catalog all("optimizer");
    all.add<Adagrad>().add<Adam>().add<AdamW>().add<RmsProp>().add<Sgd>();
    return all;
  }();
  return catalog;
}

}  // namespace mlrun::optim
