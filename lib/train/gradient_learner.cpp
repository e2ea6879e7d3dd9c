#include "train/gradient_learner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/clock.h"
#include "nn/contrastive.h"
#include "nn/initializers.h"
#include "ops/fusion.h"
#include "train/initial_weights.h"

namespace mlrun::train {
namespace {

using graph::kNoValue;
using graph::ValueId;

// Rows that are predicted at once, whatever the batch size of the training, as far as this memory
// goes: a long sequence needs much of it.
constexpr int64_t kInferenceBatch = 1024;
constexpr int64_t kInferenceBytes = int64_t{128} << 20;

// Keeps the draws of inference apart from those of the phases.
constexpr uint32_t kInferencePhase = 255;

// A contrastive loss is one among so many others: as many in scoring as in training.
int64_t most_inference_rows(const config::TrainSpec& spec) {
  return nn::as_contrastive(spec) ? spec.batch_size : std::max(spec.batch_size, kInferenceBatch);
}

double sum_of(const Tensor& values) {
  double sum = 0;
  for (int64_t i = 0; i < values.elements(); ++i) sum += values.f32()[i];
  return sum;
}

double sum_of_products(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (int64_t i = 0; i < a.elements(); ++i) sum += static_cast<double>(a.f32()[i]) * b.f32()[i];
  return sum;
}

}  // namespace

GradientLearner::GradientLearner(const LearnerOptions& options)
    : feed_(*options.feed),
      context_(*options.context),
      batch_size_(options.spec->train.batch_size),
      inference_batch_(most_inference_rows(options.spec->train)) {
  // One graph is computed as a whole, whatever rows are asked for.
  if (feed_.dataset().is_one_graph()) {
    inference_batch_ = std::max(batch_size_, feed_.dataset().rows);
  }
  allocate_batch();
  const GraphSetup setup{.spec = options.spec,
                         .dataset = &feed_.dataset(),
                         .input = options.input,
                         .adjacency = options.adjacency,
                         .weighted = feed_.weighted(),
                         .predictions = options.training_predictions};
  build_training(setup, *options.kernels);
  int64_t arena_bytes = 0;
  for (const auto& phase : phases_) {
    arena_bytes = std::max(arena_bytes, phase->executable().plan().arena_bytes);
  }
  const int64_t sample_bytes = std::max<int64_t>(arena_bytes / batch_size_, 1);
  if (!feed_.dataset().is_one_graph()) {
    inference_batch_ = std::clamp(kInferenceBytes / sample_bytes, batch_size_, inference_batch_);
  }
  build_scoring(setup, *options.kernels);
}

void GradientLearner::allocate_batch() {
  const bool whole = feed_.dataset().is_one_graph();
  const int64_t samples = whole ? feed_.dataset().table().rows : inference_batch_;
  features_ = std::make_unique<AlignedFloats>(samples * feed_.feature_width());
  if (whole) feed_.fill_nodes(features_->data());
  target_ = std::make_unique<AlignedFloats>(inference_batch_ * feed_.target_width());
  weights_ = std::make_unique<AlignedFloats>(inference_batch_);
  items_ = std::make_unique<AlignedFloats>(inference_batch_ * feed_.item_width());
  for (const FeedTarget& target : feed_.further()) {
    further_.emplace_back(inference_batch_ * target.dataset->target_width());
    further_memory_.push_back(further_.back().data());
  }
  batch_ = {features_->data(), target_->data(), weights_->data(),
            reinterpret_cast<int32_t*>(items_->data()), further_memory_};
}

void GradientLearner::build_training(const GraphSetup& setup, const graph::KernelTable& kernels) {
  std::vector<PhaseGraph> graphs = build_phases(setup);
  model_ = graphs[0].variables;
  for (const nn::Variable& variable : model_) {
    memory_.add(variable.name, variable.shape);
    parameters_ += variable.shape.elements();
  }
  for (size_t i = 0; i < graphs.size(); ++i) {
    phases_.push_back(std::make_unique<Phase>(std::move(graphs[i]), static_cast<uint32_t>(i),
                                              batch_size_, kernels));
    phases_.back()->add_slots(memory_);
  }
  memory_.allocate();
  for (const auto& phase : phases_) {
    phase->bind(memory_);
    bind_batch(phase->executable(), phase->inputs());
  }
}

void GradientLearner::build_scoring(const GraphSetup& setup, const graph::KernelTable& kernels) {
  InferenceGraph inference = build_inference(setup);
  sample_losses_ = inference.losses;
  sample_counts_ = inference.counts;
  prediction_ = inference.prediction;
  sample_terms_ = inference.terms;
  output_width_ = inference.graph.shape(prediction_).sample_elements();
  std::vector<ValueId> keep = {sample_losses_, prediction_};
  if (sample_counts_ != kNoValue) keep.push_back(sample_counts_);
  keep.insert(keep.end(), sample_terms_.begin(), sample_terms_.end());
  inference.graph.prune(keep);
  ops::fuse(inference.graph, keep);
  inference_ = std::make_unique<graph::Executable>(std::move(inference.graph), keep,
                                                   inference_batch_, kernels);
  bind_batch(*inference_, inference.inputs);
  for (size_t i = 0; i < inference.variables.size(); ++i) {
    inference_->bind(inference.variables[i].value, memory_.at(i).data());
  }
  if (inference.inputs.random_state != kNoValue) {
    inference_->bind(inference.inputs.random_state, random_state_.data());
  }
}

void GradientLearner::bind_batch(graph::Executable& executable, const GraphInputs& inputs) {
  executable.bind(inputs.features, batch_.features);
  if (inputs.items != kNoValue) executable.bind(inputs.items, batch_.items);
  if (inputs.target != kNoValue) executable.bind(inputs.target, batch_.target);
  if (inputs.weights != kNoValue) executable.bind(inputs.weights, batch_.weights);
  for (size_t i = 0; i < inputs.further.size(); ++i) {
    if (inputs.further[i] != kNoValue) executable.bind(inputs.further[i], further_memory_[i]);
  }
}

void GradientLearner::initialise(const TrialStreams& streams) {
  for (size_t i = 0; i < model_.size(); ++i) {
    model_[i].initializer.as<nn::Initializer>().fill(memory_.at(i), memory_.shape(i),
                                                     streams.initialise, i);
  }
  for (const auto& phase : phases_) phase->initialise(streams.dropout, memory_);
  random_ = streams.dropout;
}

// The terms of all phases stand one after the other, each a mean over the rows its phase has seen.
void GradientLearner::run_phases(int64_t batch, int64_t rows, EpochOutcome& outcome) {
  size_t term = 0;
  for (size_t i = 0; i < phases_.size(); ++i) {
    Phase& phase = *phases_[i];
    if (!phase.runs_at(batch)) {
      term += phase.terms().size();
      continue;
    }
    phase.step(context_, rows);
    phase_rows_[i] += rows;
    const float loss = phase.loss();
    outcome.finite = outcome.finite && std::isfinite(loss);
    if (i == 0) outcome.loss += static_cast<double>(loss) * static_cast<double>(rows);
    for (const ValueId id : phase.terms()) {
      outcome.terms[term++] +=
          static_cast<double>(phase.tensor(id).f32()[0]) * static_cast<double>(rows);
    }
  }
}

void GradientLearner::take_predictions(const Tensor& made, size_t row,
                                       std::span<float> predictions) const {
  const std::span<float> out = predictions.subspan(row * static_cast<size_t>(output_width_),
                                                   static_cast<size_t>(made.elements()));
  std::copy_n(made.f32(), made.elements(), out.begin());
  feed_.restore(out, output_width_);
}

EpochOutcome GradientLearner::train_epoch(std::span<const int64_t> order,
                                          std::span<float> predictions) {
  EpochOutcome outcome;
  outcome.terms.assign(sample_terms_.size(), 0);
  phase_rows_.assign(phases_.size(), 0);
  const auto batch = static_cast<size_t>(batch_size_);
  int64_t number = 0;
  for (size_t at = 0; at < order.size() && outcome.finite; at += batch) {
    const std::span<const int64_t> rows = order.subspan(at, std::min(batch, order.size() - at));
    const double start = now_seconds();
    feed_.fill(rows, batch_, static_cast<uint64_t>(phases_[0]->steps()) + 1);
    outcome.data_seconds += now_seconds() - start;
    run_phases(number++, static_cast<int64_t>(rows.size()), outcome);
    if (predictions.empty()) continue;
    take_predictions(phases_[0]->tensor(phases_[0]->prediction()), at, predictions);
  }
  outcome.loss /= static_cast<double>(order.size());
  size_t term = 0;
  for (size_t i = 0; i < phases_.size(); ++i) {
    for (size_t k = 0; k < phases_[i]->terms().size(); ++k) {
      outcome.terms[term++] /= static_cast<double>(phase_rows_[i]);
    }
  }
  return outcome;
}

Losses GradientLearner::predict(std::span<const int64_t> rows, std::span<float> predictions) {
  Losses sums;
  sums.terms.assign(sample_terms_.size(), 0);
  double counts = 0;
  const auto batch = static_cast<size_t>(inference_batch_);
  for (size_t at = 0; at < rows.size(); at += batch) {
    const std::span<const int64_t> part = rows.subspan(at, std::min(batch, rows.size() - at));
    feed_.fill(part, batch_);
    random_state_ = random_state(random_, at / batch, kInferencePhase);
    inference_->run(context_, static_cast<int64_t>(part.size()));
    if (sample_counts_ == kNoValue) {
      sums.loss += sum_of(inference_->tensor(sample_losses_));
      counts += static_cast<double>(part.size());
    } else {
      const Tensor weights = inference_->tensor(sample_counts_);
      sums.loss += sum_of_products(inference_->tensor(sample_losses_), weights);
      counts += sum_of(weights);
    }
    for (size_t i = 0; i < sample_terms_.size(); ++i) {
      sums.terms[i] += sum_of(inference_->tensor(sample_terms_[i]));
    }
    if (predictions.empty()) continue;
    take_predictions(inference_->tensor(prediction_), at, predictions);
  }
  const double count =
      rows.empty() ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(rows.size());
  sums.loss /= rows.empty() ? count : counts;
  for (double& term : sums.terms) term /= count;
  return sums;
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
  for (const auto& phase : phases_) phase->save(file);
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
  for (const auto& phase : phases_) phase->load(file);
}

void GradientLearner::take_weights(const store::ModelFile& file) {
  for (size_t i = 0; i < model_.size(); ++i) {
    const store::NamedArray* array = find_weight(file, model_[i].name);
    if (!array) continue;
    const std::span<float> values = memory_.at(i);
    if (!has_shape(*array, model_[i].shape)) {
      throw Error(fmt::format("the initial weights hold another '{}' than {}", model_[i].name,
                              model_[i].shape.to_string()));
    }
    std::copy(array->values.begin(), array->values.end(), values.begin());
  }
}

}  // namespace mlrun::train
