#include "train/gradient_learner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/clock.h"
#include "nn/model.h"
#include "ops/functions.h"
#include "ops/fusion.h"

namespace mlrun::train {
namespace {

using graph::Graph;
using graph::kNoValue;
using graph::ValueId;

// Rows that are predicted at once, whatever the batch size of the training, as far as this memory
// goes: a long sequence needs much of it.
constexpr int64_t kInferenceBatch = 1024;
constexpr int64_t kInferenceBytes = int64_t{128} << 20;

Shape with_batch_axis(std::span<const int64_t> sample) {
  std::vector<int64_t> dims = {kBatch};
  dims.insert(dims.end(), sample.begin(), sample.end());
  return Shape(dims);
}

}  // namespace

GradientLearner::GradientLearner(const LearnerOptions& options)
    : spec_(*options.spec),
      loss_function_(spec_.train.loss.as<nn::Loss>()),
      optimizer_(spec_.train.optimizer.as<optim::Optimizer>()),
      feed_(*options.feed),
      context_(*options.context),
      input_shape_(with_batch_axis(options.sample_shape)),
      batch_size_(spec_.train.batch_size),
      inference_batch_(std::max(batch_size_, kInferenceBatch)) {
  allocate_batch();
  build_training(options);
  const int64_t sample_bytes = std::max<int64_t>(training_->plan().arena_bytes / batch_size_, 1);
  inference_batch_ = std::clamp(kInferenceBytes / sample_bytes, batch_size_, inference_batch_);
  build_inference(options);
}

void GradientLearner::allocate_batch() {
  features_ = std::make_unique<AlignedFloats>(inference_batch_ * feed_.feature_width());
  target_ = std::make_unique<AlignedFloats>(inference_batch_ * feed_.target_width());
  weights_ = std::make_unique<AlignedFloats>(inference_batch_);
  batch_ = {features_->data(), target_->data(), weights_->data()};
}

GradientLearner::Inputs GradientLearner::add_inputs(Graph& g, bool weights) const {
  Inputs inputs;
  inputs.features = g.input("features", {input_shape_, DType::kFloat32});
  inputs.target = g.input("target", target_type(feed_.dataset(), feed_.target_kind()));
  if (weights) inputs.weights = g.input("weights", {Shape{kBatch}, DType::kFloat32});
  return inputs;
}

ValueId GradientLearner::build_model(nn::Builder& builder, ValueId features) const {
  Diagnostics diagnostics;
  const ValueId output = nn::build_model(builder, spec_.model, features, diagnostics);
  diagnostics.throw_if_any();
  return output;
}

void GradientLearner::build_training(const LearnerOptions& options) {
  Graph g;
  nn::Builder builder(g, true);
  const Inputs inputs = add_inputs(g, feed_.weighted());
  const ValueId output = build_model(builder, inputs.features);
  ValueId losses = loss_function_.per_sample(g, output, inputs.target);
  if (feed_.weighted()) losses = ops::mul(g, losses, inputs.weights);
  loss_ = ops::mean(g, losses);
  for (const ValueId penalty : builder.penalties()) loss_ = ops::add(g, loss_, penalty);

  std::vector<ValueId> weights;
  for (const nn::Variable& variable : builder.variables()) {
    if (variable.trainable) weights.push_back(variable.value);
  }
  std::vector<ValueId> gradients = graph::differentiate(g, loss_, weights, ops::autodiff_ops());
  for (size_t i = weights.size(); i-- > 0;) {
    if (gradients[i] != kNoValue) continue;
    weights.erase(weights.begin() + static_cast<int64_t>(i));
    gradients.erase(gradients.begin() + static_cast<int64_t>(i));
  }
  const optim::UpdateNode update = optimizer_.append(g, weights, gradients);

  std::vector<ValueId> keep = {loss_};
  if (options.training_predictions) {
    training_prediction_ = loss_function_.prediction(g, output);
    keep.push_back(training_prediction_);
  }
  g.prune(keep);
  ops::fuse(g, keep);

  model_ = builder.variables();
  for (const nn::Variable& variable : model_) {
    memory_.add(variable.name, variable.shape);
    parameters_ += variable.shape.elements();
  }
  for (const ValueId slot : update.slots) memory_.add(g.value(slot).name, g.shape(slot));
  memory_.allocate();
  training_ =
      std::make_unique<graph::Executable>(std::move(g), keep, batch_size_, *options.kernels);
  bind(*training_, inputs, model_);
  for (size_t i = 0; i < update.slots.size(); ++i) {
    training_->bind(update.slots[i], memory_.at(model_.size() + i).data());
  }
  training_->bind(update.state, optimizer_state_.data());
  if (builder.random_state_or_none() != kNoValue) {
    training_->bind(builder.random_state_or_none(), random_state_.data());
  }
}

void GradientLearner::build_inference(const LearnerOptions& options) {
  Graph g;
  nn::Builder builder(g, false);
  const Inputs inputs = add_inputs(g, false);
  const ValueId output = build_model(builder, inputs.features);
  sample_losses_ = loss_function_.per_sample(g, output, inputs.target);
  prediction_ = loss_function_.prediction(g, output);
  output_width_ = g.shape(prediction_).sample_elements();
  const std::vector<ValueId> keep = {sample_losses_, prediction_};
  g.prune(keep);
  ops::fuse(g, keep);
  inference_ =
      std::make_unique<graph::Executable>(std::move(g), keep, inference_batch_, *options.kernels);
  bind(*inference_, inputs, builder.variables());
}

void GradientLearner::bind(graph::Executable& executable, const Inputs& inputs,
                           std::span<const nn::Variable> variables) {
  executable.bind(inputs.features, batch_.features);
  executable.bind(inputs.target, batch_.target);
  if (inputs.weights != kNoValue) executable.bind(inputs.weights, batch_.weights);
  for (size_t i = 0; i < variables.size(); ++i) {
    executable.bind(variables[i].value, memory_.at(i).data());
  }
}

void GradientLearner::initialise(const TrialStreams& streams) {
  for (size_t i = 0; i < memory_.count(); ++i) {
    const std::span<float> values = memory_.at(i);
    if (i < model_.size()) {
      model_[i].initializer.as<nn::Initializer>().fill(values, memory_.shape(i), streams.initialise,
                                                       i);
    } else {
      std::fill(values.begin(), values.end(), static_cast<float>(optimizer_.initial_slot_value()));
    }
  }
  steps_ = 0;
  random_state_ = {streams.dropout.key()[0], streams.dropout.key()[1], 0, 0};
}

void GradientLearner::step(std::span<const int64_t> rows, EpochOutcome& outcome) {
  const double start = now_seconds();
  feed_.fill(rows, batch_);
  outcome.data_seconds += now_seconds() - start;
  optimizer_state_ = {static_cast<float>(optimizer_.learning_rate.at(steps_)),
                      static_cast<float>(steps_ + 1)};
  random_state_[2] = static_cast<uint32_t>(steps_);
  random_state_[3] = static_cast<uint32_t>(static_cast<uint64_t>(steps_) >> 32);
  training_->run(context_, static_cast<int64_t>(rows.size()));
  ++steps_;
}

void GradientLearner::take_predictions(const Tensor& made, size_t row,
                                       std::span<float> predictions) const {
  const std::span<float> out = predictions.subspan(row * static_cast<size_t>(output_width_),
                                                   static_cast<size_t>(made.elements()));
  std::copy_n(made.f32(), made.elements(), out.begin());
  feed_.restore(out);
}

EpochOutcome GradientLearner::train_epoch(std::span<const int64_t> order,
                                          std::span<float> predictions) {
  EpochOutcome outcome;
  const auto batch = static_cast<size_t>(batch_size_);
  for (size_t at = 0; at < order.size(); at += batch) {
    const std::span<const int64_t> rows = order.subspan(at, std::min(batch, order.size() - at));
    step(rows, outcome);
    const float loss = training_->tensor(loss_).f32()[0];
    outcome.loss += static_cast<double>(loss) * static_cast<double>(rows.size());
    if (!std::isfinite(loss)) {
      outcome.finite = false;
      break;
    }
    if (predictions.empty()) continue;
    take_predictions(training_->tensor(training_prediction_), at, predictions);
  }
  outcome.loss /= static_cast<double>(order.size());
  return outcome;
}

double GradientLearner::predict(std::span<const int64_t> rows, std::span<float> predictions) {
  double sum = 0;
  const auto batch = static_cast<size_t>(inference_batch_);
  for (size_t at = 0; at < rows.size(); at += batch) {
    const std::span<const int64_t> part = rows.subspan(at, std::min(batch, rows.size() - at));
    feed_.fill(part, batch_);
    inference_->run(context_, static_cast<int64_t>(part.size()));
    const float* losses = inference_->tensor(sample_losses_).f32();
    for (size_t i = 0; i < part.size(); ++i) sum += losses[i];
    if (predictions.empty()) continue;
    take_predictions(inference_->tensor(prediction_), at, predictions);
  }
  if (rows.empty()) return std::numeric_limits<double>::quiet_NaN();
  return sum / static_cast<double>(rows.size());
}

std::vector<float> GradientLearner::snapshot() {
  const std::span<const float> values = memory_.prefix(model_.size());
  return {values.begin(), values.end()};
}

void GradientLearner::restore(std::span<const float> snapshot) {
  const std::span<float> values = memory_.prefix(model_.size());
  if (snapshot.size() != values.size()) throw Error("restore: the snapshot is of another model");
  std::copy(snapshot.begin(), snapshot.end(), values.begin());
}

void GradientLearner::save(store::ModelFile& file) {
  for (size_t i = 0; i < memory_.count(); ++i) {
    const std::span<const float> values = memory_.at(i);
    const std::span<const int64_t> dims = memory_.shape(i).dims();
    store::NamedArray array{
        memory_.name(i), {dims.begin(), dims.end()}, {values.begin(), values.end()}};
    (i < model_.size() ? file.weights : file.state).push_back(std::move(array));
  }
  file.scalars["step"] = static_cast<double>(steps_);
}

void GradientLearner::load(const store::ModelFile& file) {
  for (size_t i = 0; i < memory_.count(); ++i) {
    const std::vector<store::NamedArray>& arrays = i < model_.size() ? file.weights : file.state;
    const auto found = std::find_if(arrays.begin(), arrays.end(), [&](const auto& array) {
      return array.name == memory_.name(i);
    });
    const std::span<float> values = memory_.at(i);
    if (found == arrays.end() || found->values.size() != values.size()) {
      throw Error(fmt::format("the model file does not hold '{}' {}", memory_.name(i),
                              memory_.shape(i).to_string()));
    }
    std::copy(found->values.begin(), found->values.end(), values.begin());
  }
  const auto step = file.scalars.find("step");
  steps_ = step == file.scalars.end() ? 0 : static_cast<int64_t>(step->second);
}

}  // namespace mlrun::train
