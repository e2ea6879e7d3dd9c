#include "nn/losses.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "nn/adversarial.h"
#include "nn/contrastive.h"
#include "nn/margin.h"
#include "nn/negative_sampling.h"
#include "ops/functions.h"
#include "ops/loss/softmax.h"
#include "ops/product/matmul.h"

namespace mlrun::nn {
namespace {

using config::FieldList;
using config::FieldListOf;
using graph::Graph;
using graph::ValueId;
using ops::Ew;

constexpr float kEpsilon = 1e-7f;  // Keras' fuzz factor

ValueId average_outputs(Graph& g, ValueId elements) {
  return ops::reduce_to(g, elements, Shape{kBatch}, true);
}

// The mean over the labels of a sample, if there are several.
ValueId average_labels(Graph& g, ValueId losses) {
  return g.shape(losses).rank() == 1 ? losses : average_outputs(g, losses);
}

ValueId sum_labels(Graph& g, ValueId values) {
  return g.shape(values).rank() == 1 ? values : ops::reduce_to(g, values, Shape{kBatch});
}

ValueId clip(Graph& g, ValueId p, float low, float high) {
  return ops::unary(g, Ew::kMinimumC, ops::unary(g, Ew::kMaximumC, p, low), high);
}

// The input of a final sigmoid, or kNoValue.
ValueId before_sigmoid(const Graph& g, ValueId prediction) {
  const graph::Node* node = g.producer(prediction);
  const auto* op = node ? dynamic_cast<const ops::ElementwiseOp*>(node->op.get()) : nullptr;
  return op && op->code()[0].code == Ew::kSigmoid ? node->inputs[0] : graph::kNoValue;
}

// Something whose softmax is the prediction.
ValueId before_softmax(Graph& g, ValueId prediction, bool from_logits) {
  if (from_logits) return prediction;
  const graph::Node* node = g.producer(prediction);
  const auto* op = node ? dynamic_cast<const ops::SoftmaxOp*>(node->op.get()) : nullptr;
  if (op && !op->log()) return node->inputs[0];
  return ops::unary(g, Ew::kLog, clip(g, prediction, kEpsilon, 1 - kEpsilon));
}

bool ends_in_sigmoid(const Graph& g, ValueId output) {
  return before_sigmoid(g, output) != graph::kNoValue;
}

bool ends_in_softmax(const Graph& g, ValueId output) {
  const graph::Node* node = g.producer(output);
  return node && dynamic_cast<const ops::SoftmaxOp*>(node->op.get());
}

// A product, or the sum with a bias: any number, so no probability.
bool ends_linear(const Graph& g, ValueId output) {
  const graph::Node* node = g.producer(output);
  if (!node) return true;
  const auto* op = dynamic_cast<const ops::ElementwiseOp*>(node->op.get());
  return op ? op->code()[0].code == Ew::kAdd
            : dynamic_cast<const ops::MatMulOp*>(node->op.get()) != nullptr;
}

// `activation` is what turns the scores of a model into probabilities.
std::string misfit_of_probability(bool from_logits, bool linear, bool activated,
                                  const char* activation) {
  if (!from_logits && linear) {
    return fmt::format(
        "wants probabilities: end the model with activation: {0}, or set from_logits: true",
        activation);
  }
  if (from_logits && activated) {
    return fmt::format(
        "has from_logits: true, but the model ends with a {0}: leave one of them out", activation);
  }
  return "";
}

struct BinaryCrossentropy : Loss {
  bool from_logits = false;
  double label_smoothing = 0;
  bool multi_label = false;
  static const FieldList& fields() {
    static const FieldList list =
        FieldListOf<BinaryCrossentropy>("binary_crossentropy", "-y log p - (1 - y) log(1 - p)")
            .field("from_logits", &BinaryCrossentropy::from_logits,
                   "the model ends without a sigmoid")
            .field("label_smoothing", &BinaryCrossentropy::label_smoothing,
                   "targets move this far towards 0.5", config::fraction())
            .field("multi_label", &BinaryCrossentropy::multi_label,
                   "the target has a column of 0 and 1 for each unit");
    return list;
  }
  TargetKind target_kind() const override {
    return multi_label ? TargetKind::kValues : TargetKind::kBinary;
  }
  bool is_multi_label() const override { return multi_label; }
  bool knows_zero() const override { return multi_label; }
  std::string misfit(const Graph& g, ValueId output) const override {
    return misfit_of_probability(from_logits, ends_linear(g, output), ends_in_sigmoid(g, output),
                                 "sigmoid");
  }
  ValueId prediction(Graph& g, ValueId output) const override {
    return from_logits ? ops::unary(g, Ew::kSigmoid, output) : output;
  }
  ValueId per_sample(Graph& g, ValueId output, ValueId target) const override {
    if (label_smoothing > 0) {
      const auto s = static_cast<float>(label_smoothing);
      target = ops::offset(g, ops::scale(g, target, 1 - s), s / 2);
    }
    const ValueId logits = from_logits ? output : before_sigmoid(g, output);
    if (logits != graph::kNoValue) {
      // softplus(z) - y z
      return average_outputs(
          g, ops::sub(g, ops::unary(g, Ew::kSoftplus, logits), ops::mul(g, target, logits)));
    }
    const ValueId p = clip(g, output, kEpsilon, 1 - kEpsilon);
    const ValueId not_p = ops::offset(g, ops::unary(g, Ew::kNegate, p), 1);
    const ValueId not_y = ops::offset(g, ops::unary(g, Ew::kNegate, target), 1);
    const ValueId likelihood = ops::add(g, ops::mul(g, target, ops::unary(g, Ew::kLog, p)),
                                        ops::mul(g, not_y, ops::unary(g, Ew::kLog, not_p)));
    return average_outputs(g, ops::unary(g, Ew::kNegate, likelihood));
  }
};

// Of class labels, one a sample or a sequence of them.
struct LabelCrossentropy : Loss {
  bool from_logits = false;
  std::optional<int64_t> ignore_class;

  TargetKind target_kind() const override { return TargetKind::kLabels; }
  std::string misfit(const Graph& g, ValueId output) const override {
    return misfit_of_probability(from_logits, ends_linear(g, output), ends_in_softmax(g, output),
                                 "softmax");
  }
  ValueId prediction(Graph& g, ValueId output) const override {
    return from_logits ? ops::softmax(g, output) : output;
  }
  ValueId per_sample(Graph& g, ValueId output, ValueId target) const override {
    const ValueId losses = per_label(g, before_softmax(g, output, from_logits), target);
    if (!ignore_class) return average_labels(g, losses);
    const ValueId counts = counts_of_labels(g, output, target);
    const ValueId sum = sum_labels(g, ops::mul(g, losses, counts));
    return ops::div(g, sum, ops::unary(g, Ew::kMaximumC, sum_labels(g, counts), 1));
  }
  std::optional<int64_t> ignored() const override { return ignore_class; }
  ValueId counted(Graph& g, ValueId output, ValueId target) const override {
    if (!ignore_class) return graph::kNoValue;
    return sum_labels(g, counts_of_labels(g, output, target));
  }

 protected:
  // The shape of the labels.
  virtual ValueId per_label(Graph& g, ValueId logits, ValueId target) const {
    return ops::sparse_cross_entropy(g, logits, target);
  }

 private:
  // 0 at the labels that are ignored, else 1; looked up, as labels are no numbers to compute with.
  ValueId counts_of_labels(Graph& g, ValueId output, ValueId target) const {
    const int64_t classes = g.shape(output).back();
    std::vector<float> table(static_cast<size_t>(classes), 1.0f);
    if (*ignore_class < classes) table[static_cast<size_t>(*ignore_class)] = 0;
    const ValueId counts =
        ops::embedding(g, ops::constant(g, Shape{classes, 1}, std::move(table)), target);
    return ops::reshape(g, counts, g.shape(target));
  }
};

template <class L>
FieldListOf<L> label_fields(const char* name, const char* doc) {
  return FieldListOf<L>(name, doc)
      .field("from_logits", &L::from_logits, "the model ends without a softmax")
      .field("ignore_class", &L::ignore_class,
             "a label that does not count, such as padding, in the loss or in metrics",
             config::at_least(0));
}

struct SparseCategoricalCrossentropy : LabelCrossentropy {
  static const FieldList& fields() {
    static const FieldList list = label_fields<SparseCategoricalCrossentropy>(
        "sparse_categorical_crossentropy", "-log p[label]");
    return list;
  }
};

struct CategoricalCrossentropy : LabelCrossentropy {
  double label_smoothing = 0;
  static const FieldList& fields() {
    static const FieldList list =
        label_fields<CategoricalCrossentropy>("categorical_crossentropy",
                                              "-sum y log p, y the one-hot label")
            .field("label_smoothing", &CategoricalCrossentropy::label_smoothing,
                   "probability spread over all classes", config::fraction());
    return list;
  }

 protected:
  ValueId per_label(Graph& g, ValueId logits, ValueId target) const override {
    const ValueId hard = LabelCrossentropy::per_label(g, logits, target);
    if (label_smoothing == 0) return hard;
    const auto s = static_cast<float>(label_smoothing);
    const ValueId spread = ops::unary(g, Ew::kNegate, mean_of_classes(g, logits));
    return ops::add(g, ops::scale(g, hard, 1 - s), ops::scale(g, spread, s));
  }

 private:
  // Of the log probabilities, in the shape of the labels.
  static ValueId mean_of_classes(Graph& g, ValueId logits) {
    const Shape& shape = g.shape(logits);
    std::vector<int64_t> labels(shape.dims().begin(), shape.dims().end() - 1);
    std::vector<int64_t> ones = labels;
    ones.push_back(1);
    const ValueId mean = ops::reduce_to(g, ops::log_softmax(g, logits), Shape(ones), true);
    return ops::reshape(g, mean, Shape(labels));
  }
};

// A loss that is an average of f(prediction, target) over the outputs.
using Elementwise = ValueId (*)(Graph&, ValueId p, ValueId y);

ValueId error(Graph& g, ValueId p, ValueId y) { return ops::sub(g, p, y); }

ValueId squared(Graph& g, ValueId p, ValueId y) {
  return ops::unary(g, Ew::kSquare, error(g, p, y));
}

ValueId absolute(Graph& g, ValueId p, ValueId y) { return ops::unary(g, Ew::kAbs, error(g, p, y)); }

ValueId absolute_percentage(Graph& g, ValueId p, ValueId y) {
  const ValueId size = ops::unary(g, Ew::kMaximumC, ops::unary(g, Ew::kAbs, y), kEpsilon);
  return ops::scale(g, ops::div(g, absolute(g, p, y), size), 100);
}

ValueId log_of_one_more(Graph& g, ValueId x) {
  return ops::unary(g, Ew::kLog, ops::offset(g, ops::unary(g, Ew::kMaximumC, x, kEpsilon), 1));
}

ValueId squared_logarithmic(Graph& g, ValueId p, ValueId y) {
  return squared(g, log_of_one_more(g, p), log_of_one_more(g, y));
}

// log cosh e = e + softplus(-2 e) - log 2
ValueId log_cosh(Graph& g, ValueId p, ValueId y) {
  const ValueId e = error(g, p, y);
  const ValueId tail = ops::unary(g, Ew::kSoftplus, ops::scale(g, e, -2));
  return ops::offset(g, ops::add(g, e, tail), -std::numbers::ln2_v<float>);
}

ValueId poisson(Graph& g, ValueId p, ValueId y) {
  return ops::sub(g, p, ops::mul(g, y, ops::unary(g, Ew::kLog, ops::offset(g, p, kEpsilon))));
}

struct ElementwiseLoss {
  const char* name;
  const char* doc;
  Elementwise function;
  std::vector<std::string> aliases;
  bool knows_zero = false;
};

const std::vector<ElementwiseLoss>& simple_losses() {
  static const std::vector<ElementwiseLoss> all = {
      {"mean_squared_error", "(p - y)^2", squared, {"mse"}},
      {"mean_absolute_error", "|p - y|", absolute, {"mae"}},
      {"mean_absolute_percentage_error", "100 |p - y| / |y|", absolute_percentage, {"mape"}, true},
      {"mean_squared_logarithmic_error",
       "(log(1 + p) - log(1 + y))^2",
       squared_logarithmic,
       {"msle"},
       true},
      {"log_cosh", "log cosh(p - y)", log_cosh, {}},
      {"poisson", "p - y log p", poisson, {}, true},
  };
  return all;
}

class SimpleLoss : public Loss {
 public:
  explicit SimpleLoss(const ElementwiseLoss& loss)
      : function_(loss.function), knows_zero_(loss.knows_zero) {}
  bool knows_zero() const override { return knows_zero_; }
  ValueId per_sample(Graph& g, ValueId output, ValueId target) const override {
    return average_outputs(g, function_(g, output, target));
  }

 private:
  Elementwise function_;
  bool knows_zero_;
};

// e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2); with c = min(|e|, delta):
// c (|e| - c / 2). Huber 1964.
struct Huber : Loss {
  double delta = 1;
  static const FieldList& fields() {
    static const FieldList list =
        FieldListOf<Huber>("huber", "quadratic up to delta, then linear")
            .field("delta", &Huber::delta, "where it becomes linear", config::above(0));
    return list;
  }
  ValueId per_sample(Graph& g, ValueId output, ValueId target) const override {
    const ValueId size = absolute(g, output, target);
    const ValueId core = ops::unary(g, Ew::kMinimumC, size, static_cast<float>(delta));
    return average_outputs(g, ops::mul(g, core, ops::sub(g, size, ops::scale(g, core, 0.5f))));
  }
};

// max(0, 1 - t p), t = 2 y - 1 in {-1, 1}, to the power 1 or 2.
ValueId hinge_margin(Graph& g, ValueId prediction, ValueId target) {
  const ValueId sign = ops::offset(g, ops::scale(g, target, 2), -1);
  const ValueId margin = ops::offset(g, ops::scale(g, ops::mul(g, sign, prediction), -1), 1);
  return ops::unary(g, Ew::kRelu, margin);
}

struct Hinge : Loss {
  static const FieldList& fields() {
    static const FieldList list("hinge",
                                "max(0, 1 - t p), t = -1 or 1; the score of a row is the margin p");
    return list;
  }
  TargetKind target_kind() const override { return TargetKind::kBinary; }
  bool is_of_margins() const override { return true; }
  ValueId per_sample(Graph& g, ValueId output, ValueId target) const override {
    return average_outputs(g, hinge_margin(g, output, target));
  }
};

struct SquaredHinge : Loss {
  static const FieldList& fields() {
    static const FieldList list("squared_hinge",
                                "max(0, 1 - t p)^2, t = -1 or 1; the score of a row is the margin "
                                "p");
    return list;
  }
  TargetKind target_kind() const override { return TargetKind::kBinary; }
  bool is_of_margins() const override { return true; }
  ValueId per_sample(Graph& g, ValueId output, ValueId target) const override {
    return average_outputs(g, ops::unary(g, Ew::kSquare, hinge_margin(g, output, target)));
  }
};

}  // namespace

const config::Catalog& loss_catalog() {
  static const config::Catalog catalog = [] {
    config::Catalog all("loss");
    all.add<BinaryCrossentropy>({"log_loss", "bce"});
    all.add<CategoricalCrossentropy>().add<SparseCategoricalCrossentropy>();
    for (const ElementwiseLoss& simple : simple_losses()) {
      all.add_plain(
          simple.name, simple.doc, [&simple] { return std::make_shared<SimpleLoss>(simple); },
          simple.aliases);
    }
    all.add<Huber>().add<Hinge>().add<SquaredHinge>();
    add_adversarial_losses(all);
    add_contrastive_losses(all);
    add_margin(all);
    add_negative_sampling(all);
    return all;
  }();
  return catalog;
}

TargetKind target_kind(const config::TrainSpec& spec) {
  return spec.target == config::TrainTarget::kInput ? TargetKind::kNone
                                                    : spec.loss.as<Loss>().target_kind();
}

}  // namespace mlrun::nn
