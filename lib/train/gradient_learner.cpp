#include "train/gradient_learner.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/clock.h"
#include "nn/contrastive.h"
#include "nn/initializers.h"
#include "ops/fusion.h"

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

constexpr int64_t kStateBytes = sizeof(std::array<uint32_t, 4>);

// A contrastive loss is one among so many others: as many in scoring as in training.
int64_t most_inference_rows(const config::TrainSpec& spec) {
  return nn::as_contrastive(spec) ? spec.batch_size : std::max(spec.batch_size, kInferenceBatch);
}

double sum_of(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += value;
  return sum;
}

double sum_of_products(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

}  // namespace

GradientLearner::GradientLearner(const LearnerOptions& options)
    : backend_(*options.backend),
      context_(*options.backend->context),
      batch_size_(options.trials[0].spec->train.batch_size),
      inference_batch_(most_inference_rows(options.trials[0].spec->train)),
      random_(options.trials.size()) {
  for (const StackedTrial& trial : options.trials) feeds_.push_back(trial.feed);
  const data::Dataset& dataset = feeds_[0]->dataset();
  // One graph is computed as a whole, whatever rows are asked for.
  if (dataset.is_one_graph()) inference_batch_ = std::max(batch_size_, dataset.rows);
  batch_ = std::make_unique<Batch>(feeds_, inference_batch_, context_);
  const GraphSetup setup{.spec = options.trials[0].spec,
                         .dataset = &dataset,
                         .input = options.input,
                         .adjacency = options.adjacency,
                         .weighted = feeds_[0]->weighted(),
                         .predictions = options.training_predictions};
  build_training(setup, options.trials);
  int64_t arena_bytes = 0;
  for (const auto& phase : phases_) {
    arena_bytes = std::max(arena_bytes, phase->executable().plan().arena_bytes);
  }
  const int64_t sample_bytes = std::max<int64_t>(arena_bytes / batch_size_, 1);
  if (!dataset.is_one_graph()) {
    inference_batch_ = std::clamp(kInferenceBytes / sample_bytes, batch_size_, inference_batch_);
  }
  build_scoring(setup);
}

void GradientLearner::build_training(const GraphSetup& setup,
                                     std::span<const StackedTrial> trials) {
  std::vector<std::vector<PhaseGraph>> graphs;  // of each phase, by trial
  for (const StackedTrial& trial : trials) {
    GraphSetup own = setup;
    own.spec = trial.spec;
    std::vector<PhaseGraph> phases = build_phases(own);
    graphs.resize(phases.size());
    for (size_t i = 0; i < phases.size(); ++i) graphs[i].push_back(std::move(phases[i]));
  }
  model_ = graphs[0][0].variables;
  for (const nn::Variable& variable : model_) {
    memory_.add(variable.name, variable.shape);
    parameters_ += variable.shape.elements();
  }
  for (size_t i = 0; i < graphs.size(); ++i) {
    phases_.push_back(std::make_unique<Phase>(std::move(graphs[i]), static_cast<uint32_t>(i),
                                              batch_size_, backend_));
    phases_.back()->add_kept(memory_);
  }
  memory_.allocate(context_, static_cast<int64_t>(feeds_.size()));
  for (const auto& phase : phases_) {
    phase->bind(memory_);
    batch_->bind(phase->executable(), phase->inputs());
  }
}

void GradientLearner::build_scoring(const GraphSetup& setup) {
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
  inference_ = std::make_unique<graph::Executable>(
      std::move(inference.graph), keep, inference_batch_, *backend_.kernels, context_,
      graph::Stack{static_cast<int64_t>(feeds_.size()), backend_.stacks});
  batch_->bind(*inference_, inference.inputs);
  for (size_t i = 0; i < inference.variables.size(); ++i) {
    inference_->bind(inference.variables[i].value, memory_.data(i), memory_.stride());
  }
  random_state_ = context_.allocate(static_cast<int64_t>(feeds_.size()) * kStateBytes);
  if (inference.inputs.random_state != kNoValue) {
    inference_->bind(inference.inputs.random_state, random_state_.get(), kStateBytes);
  }
}

void GradientLearner::initialise(const TrialStreams& streams, int64_t trial) {
  for (size_t i = 0; i < model_.size(); ++i) {
    std::vector<float> values(static_cast<size_t>(memory_.shape(i).elements()));
    model_[i].initializer.as<nn::Initializer>().fill(values, memory_.shape(i), streams.initialise,
                                                     i);
    memory_.write(i, values, trial);
  }
  for (const auto& phase : phases_) phase->initialise(streams.dropout, memory_, trial);
  random_[static_cast<size_t>(trial)] = streams.dropout;
}

LossScaleState GradientLearner::loss_scale(int64_t trial) const {
  LossScaleState all = phases_[0]->loss_scale(memory_, trial);
  for (size_t i = 1; i < phases_.size(); ++i) {
    all.skipped_steps += phases_[i]->loss_scale(memory_, trial).skipped_steps;
  }
  return all;
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
    phase.step(rows);
    phase_rows_[i] += rows;
    const float loss = phase.read(phase.objective());
    outcome.finite = outcome.finite && std::isfinite(loss);
    if (i == 0) outcome.loss += static_cast<double>(loss) * static_cast<double>(rows);
    for (const ValueId id : phase.terms()) {
      outcome.terms[term++] += static_cast<double>(phase.read(id)) * static_cast<double>(rows);
    }
  }
}

void GradientLearner::take_predictions(const Tensor& made, size_t row, std::span<float> predictions,
                                       int64_t trial) const {
  const std::span<float> out = predictions.subspan(row * static_cast<size_t>(output_width_),
                                                   static_cast<size_t>(made.elements()));
  context_.download(out.data(), made.data, static_cast<int64_t>(out.size_bytes()));
  feeds_[static_cast<size_t>(trial)]->restore(out, output_width_);
}

EpochOutcome GradientLearner::train_epoch(std::span<const int64_t> order,
                                          std::span<float> predictions) {
  if (!context_.memory_is_hosts()) {
    const TrialEpoch trial{order, predictions};
    return train_epochs(std::span(&trial, 1))[0];
  }
  EpochOutcome outcome;
  outcome.terms.assign(sample_terms_.size(), 0);
  phase_rows_.assign(phases_.size(), 0);
  const auto batch = static_cast<size_t>(batch_size_);
  int64_t number = 0;
  for (size_t at = 0; at < order.size() && outcome.finite; at += batch) {
    const std::span<const int64_t> rows = order.subspan(at, std::min(batch, order.size() - at));
    const double start = now_seconds();
    batch_->fill(rows, static_cast<uint64_t>(phases_[0]->steps()) + 1);
    outcome.data_seconds += now_seconds() - start;
    run_phases(number++, static_cast<int64_t>(rows.size()), outcome);
    if (predictions.empty()) continue;
    take_predictions(phases_[0]->tensor(phases_[0]->prediction()), at, predictions, 0);
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

std::vector<EpochOutcome> GradientLearner::train_epochs(std::span<const TrialEpoch> trials) {
  int64_t rows = 0;
  int64_t width = 0;
  for (const TrialEpoch& trial : trials) {
    rows = std::max(rows, static_cast<int64_t>(trial.order.size()));
    if (!trial.predictions.empty()) width = output_width_;
  }
  if (!device_epoch_ || device_epoch_->rows() < rows ||
      device_epoch_->prediction_width() != width) {
    device_epoch_.reset();  // its memory first
    device_epoch_ = std::make_unique<DeviceEpoch>(DeviceEpochOptions{.feeds = feeds_,
                                                                     .batch = batch_.get(),
                                                                     .phases = phases_,
                                                                     .backend = &backend_,
                                                                     .batch_size = batch_size_,
                                                                     .rows = rows,
                                                                     .prediction_width = width});
  }
  return device_epoch_->run(trials);
}

void GradientLearner::infer(std::span<const int64_t> rows, uint64_t batch, int64_t trial) {
  batch_->fill(rows, 0, trial);
  const std::array<uint32_t, 4> random =
      random_state(random_[static_cast<size_t>(trial)], batch, kInferencePhase);
  context_.upload(random_state_.get() + trial * kStateBytes, random.data(), kStateBytes);
  const auto count = static_cast<int64_t>(rows.size());
  if (is_stack()) {
    inference_->run_copy(trial, count);
  } else {
    inference_->run(count);
  }
}

// Of the batch that was inferred last.
void GradientLearner::add_losses(int64_t rows, int64_t trial, Losses& sums, double& counts) {
  const std::span<const float> losses =
      on_host(context_, inference_->tensor(sample_losses_, trial), losses_);
  if (sample_counts_ == kNoValue) {
    sums.loss += sum_of(losses);
    counts += static_cast<double>(rows);
  } else {
    const std::span<const float> weights =
        on_host(context_, inference_->tensor(sample_counts_, trial), counts_);
    sums.loss += sum_of_products(losses, weights);
    counts += sum_of(weights);
  }
  for (size_t i = 0; i < sample_terms_.size(); ++i) {
    sums.terms[i] +=
        sum_of(on_host(context_, inference_->tensor(sample_terms_[i], trial), losses_));
  }
}

Losses GradientLearner::predict(std::span<const int64_t> rows, std::span<float> predictions,
                                int64_t trial) {
  Losses sums;
  sums.terms.assign(sample_terms_.size(), 0);
  double counts = 0;
  const auto batch = static_cast<size_t>(inference_batch_);
  for (size_t at = 0; at < rows.size(); at += batch) {
    const std::span<const int64_t> part = rows.subspan(at, std::min(batch, rows.size() - at));
    infer(part, at / batch, trial);
    add_losses(static_cast<int64_t>(part.size()), trial, sums, counts);
    if (predictions.empty()) continue;
    take_predictions(inference_->tensor(prediction_, trial), at, predictions, trial);
  }
  const double count =
      rows.empty() ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(rows.size());
  sums.loss /= rows.empty() ? count : counts;
  for (double& term : sums.terms) term /= count;
  return sums;
}

std::vector<float> GradientLearner::snapshot(int64_t trial) {
  return memory_.read_prefix(model_.size(), trial);
}

void GradientLearner::restore(std::span<const float> snapshot, int64_t trial) {
  memory_.write_prefix(model_.size(), snapshot, trial);
}

}  // namespace mlrun::train
