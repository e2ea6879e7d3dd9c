#include "nn/layers/recurrent.h"

#include <fmt/format.h>

#include <algorithm>

#include "ops/functions.h"

namespace mlrun::nn {

using graph::kNoValue;

namespace {

// Ones for the forget gate, so that a fresh cell remembers. Jozefowicz et al. 2015.
class UnitForgetBias : public Initializer {
 public:
  explicit UnitForgetBias(InitializerRef rest) : rest_(std::move(rest)) {}

  void fill(std::span<float> out, const Shape& shape, const PhiloxStream& stream,
            uint64_t index) const override {
    rest_.as<Initializer>().fill(out, shape, stream, index);
    const size_t units = out.size() / 4;
    std::fill_n(out.begin() + static_cast<int64_t>(units), units, 1.0f);
  }

 private:
  InitializerRef rest_;
};

InitializerRef with_unit_forget_bias(const InitializerRef& rest) {
  InitializerRef ref = rest;
  ref.object = std::make_shared<UnitForgetBias>(rest);
  return ref;
}

// Factors of the inputs (N, C), the same at all steps. Gal, Ghahramani 2016.
ValueId input_dropout(Builder& b, ValueId x, double rate) {
  graph::Graph& g = b.graph();
  const ValueId first = ops::slice(g, x, 1, 0, 1);
  const ValueId one = ops::reshape(g, first, Shape{kBatch, g.shape(x)[2]});
  return ops::dropout(g, ops::fill_like(g, one, 1), b.random_state(), static_cast<float>(rate),
                      b.next_salt());
}

// The fields of all recurrent layers.
template <class L>
config::FieldListOf<L> recurrent_fields(const char* name, const char* doc) {
  return config::FieldListOf<L>(name, doc)
      .field("units", &L::units, "size of the state", config::required, config::count())
      .field("activation", &L::activation, "of the state")
      .field("use_bias", &L::use_bias, "whether there is a bias")
      .field("kernel_initializer", &L::kernel_initializer, "start of the weights of the inputs")
      .field("recurrent_initializer", &L::recurrent_initializer,
             "start of the weights of the state")
      .field("bias_initializer", &L::bias_initializer, "start of the bias")
      .field("kernel_regularizer", &L::kernel_regularizer, "penalty on the weights of the inputs")
      .field("recurrent_regularizer", &L::recurrent_regularizer,
             "penalty on the weights of the state")
      .field("bias_regularizer", &L::bias_regularizer, "penalty on the bias")
      .field("dropout", &L::dropout, "fraction of the inputs dropped, the same at all steps",
             config::fraction())
      .field("return_sequences", &L::return_sequences, "give the state of every step")
      .field("go_backwards", &L::go_backwards, "start with the last step");
}

}  // namespace

ValueId RecurrentLayer::build(Builder& b, ValueId x) const {
  const ValueId y = run(b, x, go_backwards);
  const ValueId mask = b.mask(x);
  if (!go_backwards || !return_sequences || mask == kNoValue) return y;
  graph::Graph& g = b.graph();
  const int64_t steps = g.shape(mask)[1];
  const ValueId column = ops::reshape(g, mask, Shape{kBatch, steps, 1});
  b.set_mask(y, ops::reshape(g, ops::reverse_steps(g, column), Shape{kBatch, steps}));
  return y;
}

ValueId RecurrentLayer::run(Builder& b, ValueId x, bool backwards) const {
  graph::Graph& g = b.graph();
  if (g.shape(x).rank() != 3) {
    const bool one_step = g.shape(x).rank() == 2;
    throw graph::ShapeError(fmt::format(
        "needs (N, T, C), not {}{}", g.shape(x).to_string(),
        one_step ? "; a recurrent layer gives all steps with return_sequences: true" : ""));
  }
  ops::RecurrentSettings settings = this->settings();
  const int64_t width = settings.gates() * units;
  ops::RecurrentInputs wired;
  wired.x = x;
  wired.reverse = backwards;
  wired.kernel = b.weight("kernel", Shape{g.shape(x)[2], width}, kernel_initializer,
                          {true, kernel_regularizer});
  wired.recurrent = b.weight("recurrent_kernel", Shape{units, width}, recurrent_initializer,
                             {true, recurrent_regularizer});
  add_bias(b, wired, width);
  wired.mask = b.mask(x);
  settings.masked = wired.mask != kNoValue;
  if (b.training() && dropout > 0) wired.dropout = input_dropout(b, x, dropout);
  const ops::RecurrentResult result = ops::recurrent(g, settings, wired);
  return return_sequences ? result.states : result.last;
}

void RecurrentLayer::add_bias(Builder& b, ops::RecurrentInputs& wired, int64_t width) const {
  if (use_bias) wired.bias = bias_weight(b, Shape{width}, bias_initializer);
}

ValueId RecurrentLayer::bias_weight(Builder& b, const Shape& shape,
                                    const InitializerRef& initializer) const {
  return b.weight("bias", shape, initializer, {true, bias_regularizer});
}

const config::FieldList& SimpleRnn::fields() {
  static const config::FieldList list = recurrent_fields<SimpleRnn>(
      "SimpleRNN", "Fully connected recurrence: h = activation(x W + h U + b).");
  return list;
}

ops::RecurrentSettings SimpleRnn::settings() const {
  return {ops::Cell::kSimple, activation, ops::CellActivation::kSigmoid, false};
}

const config::FieldList& Lstm::fields() {
  static const config::FieldList list =
      recurrent_fields<Lstm>("LSTM", "Long short-term memory.")
          .field("recurrent_activation", &Lstm::recurrent_activation, "of the gates")
          .field("unit_forget_bias", &Lstm::unit_forget_bias,
                 "the bias of the forget gate starts with 1");
  return list;
}

ops::RecurrentSettings Lstm::settings() const {
  return {ops::Cell::kLstm, activation, recurrent_activation, false};
}

void Lstm::add_bias(Builder& b, ops::RecurrentInputs& wired, int64_t width) const {
  if (!use_bias) return;
  wired.bias =
      bias_weight(b, Shape{width},
                  unit_forget_bias ? with_unit_forget_bias(bias_initializer) : bias_initializer);
}

const config::FieldList& Gru::fields() {
  static const config::FieldList list =
      recurrent_fields<Gru>("GRU", "Gated recurrent unit.")
          .field("recurrent_activation", &Gru::recurrent_activation, "of the gates")
          .field("reset_after", &Gru::reset_after, "reset the state after its product, as cuDNN");
  return list;
}

ops::RecurrentSettings Gru::settings() const {
  return {reset_after ? ops::Cell::kGru : ops::Cell::kGruResetFirst, activation,
          recurrent_activation, false};
}

// With reset_after one row for the inputs and one for the state, as in Keras.
void Gru::add_bias(Builder& b, ops::RecurrentInputs& wired, int64_t width) const {
  graph::Graph& g = b.graph();
  if (!reset_after) return RecurrentLayer::add_bias(b, wired, width);
  const auto row = [&](ValueId from, int64_t i) {
    return ops::reshape(g, ops::slice(g, from, 0, i, i + 1), Shape{width});
  };
  if (use_bias) {
    const ValueId bias = bias_weight(b, Shape{2, width}, bias_initializer);
    wired.bias = row(bias, 0);
    wired.recurrent_bias = row(bias, 1);
  } else {
    wired.recurrent_bias = ops::fill_like(g, row(wired.recurrent, 0), 0);
  }
}

}  // namespace mlrun::nn
