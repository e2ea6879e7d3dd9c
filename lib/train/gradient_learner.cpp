#include "train/gradient_learner.h"

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "nn/initializers.h"
#include "train/structure.h"

namespace mlrun::train {
namespace {

using graph::ValueId;

std::vector<const Feed*> feeds_of(std::span<const StackedTrial> trials) {
  std::vector<const Feed*> feeds;
  for (const StackedTrial& trial : trials) feeds.push_back(trial.feed);
  return feeds;
}

}  // namespace

GradientLearner::GradientLearner(const LearnerOptions& options)
    : backend_(*options.backend),
      context_(*options.backend->context),
      batch_size_(batch_rows(options.trials[0].feed->dataset(), options.trials[0].spec->train)),
      random_(options.trials.size()) {
  const StackedTrial& first = options.trials[0];
  rows_ = std::make_unique<RowSource>(feeds_of(options.trials),
                                      most_inference_rows(first.feed->dataset(), first.spec->train),
                                      options.rows_change, backend_);
  const GraphSetup setup{.spec = first.spec,
                         .dataset = &first.feed->dataset(),
                         .input = options.input,
                         .adjacency = options.adjacency,
                         .weighted = first.feed->weighted(),
                         .predictions = options.training_predictions};
  build_training(setup, options.trials);
  inference_ = std::make_unique<Inference>(
      setup, *rows_, memory_,
      inference_rows(first.feed->dataset(), first.spec->train, value_bytes()), backend_);
}

int64_t GradientLearner::value_bytes() const {
  int64_t bytes = 0;
  for (const auto& phase : phases_) {
    bytes = std::max(bytes, phase->executable().plan().workspace_offset);
  }
  return bytes;
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
  memory_.allocate(context_, static_cast<int64_t>(trials.size()));
  for (const auto& phase : phases_) {
    phase->bind(memory_);
    rows_->batch().bind(phase->executable(), phase->inputs());
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
  if (device_epoch_) device_epoch_->forget_ahead();
}

void GradientLearner::scale_learning_rate(double factor, int64_t trial) {
  for (const auto& phase : phases_) phase->scale_learning_rate(factor, trial);
  if (device_epoch_) device_epoch_->forget_ahead();
}

LossScaleState GradientLearner::loss_scale(int64_t trial) const {
  LossScaleState all = phases_[0]->loss_scale(memory_, trial);
  for (size_t i = 1; i < phases_.size(); ++i) {
    all.skipped_steps += phases_[i]->loss_scale(memory_, trial).skipped_steps;
  }
  return all;
}

void GradientLearner::run_phases(int64_t rows, EpochSums& sums) {
  const int64_t batch = phases_[0]->steps();
  double* sum = sums.values.data();
  for (size_t i = 0; i < phases_.size(); ++i) {
    Phase& phase = *phases_[i];
    if (!phase.runs_at(batch)) {
      sum += phase.summed().size();
      continue;
    }
    phase.step(rows);
    sums.rows[i] += rows;
    for (const ValueId id : phase.summed()) {
      const double value = phase.read(id);
      sums.finite = sums.finite && std::isfinite(value);
      *sum++ += value * static_cast<double>(rows);
    }
  }
}

// Of the first phase's last step.
void GradientLearner::take_predictions(size_t row, std::span<float> predictions) const {
  const Tensor made = phases_[0]->tensor(phases_[0]->prediction());
  const std::span<float> out = predictions.subspan(row * static_cast<size_t>(output_width()),
                                                   static_cast<size_t>(made.elements()));
  context_.download(out.data(), made.data, static_cast<int64_t>(out.size_bytes()));
  rows_->feeds()[0]->restore(out, output_width());
}

EpochOutcome GradientLearner::train_epoch(const TrialEpoch& trial) {
  if (!context_.memory_is_hosts()) return train_epochs(std::span(&trial, 1))[0];
  const std::span<const int64_t> order = trial.order;
  EpochOutcome outcome;
  EpochSums sums{std::vector<double>(sum_count(phases_)), std::vector<int64_t>(phases_.size())};
  const auto batch = static_cast<size_t>(batch_size_);
  for (size_t at = 0; at < order.size() && sums.finite; at += batch) {
    const std::span<const int64_t> rows = order.subspan(at, std::min(batch, order.size() - at));
    const double start = now_seconds();
    rows_->batch().fill(rows, static_cast<uint64_t>(phases_[0]->steps()) + 1);
    outcome.data_seconds += now_seconds() - start;
    run_phases(static_cast<int64_t>(rows.size()), sums);
    if (trial.predictions.empty()) continue;
    take_predictions(at, trial.predictions);
  }
  static_cast<Losses&>(outcome) = losses_of(phases_, sums);
  return outcome;
}

std::vector<EpochOutcome> GradientLearner::train_epochs(std::span<const TrialEpoch> trials) {
  int64_t rows = 0;
  int64_t width = 0;
  for (const TrialEpoch& trial : trials) {
    rows = std::max(rows, static_cast<int64_t>(trial.order.size()));
    if (!trial.predictions.empty()) width = output_width();
  }
  if (!device_epoch_ || device_epoch_->rows() < rows ||
      device_epoch_->prediction_width() != width) {
    device_epoch_.reset();  // its memory first
    DevicePassOptions pass = rows_->pass(batch_size_, rows);
    pass.ahead = !context_.memory_is_hosts();  // else nothing is computed meanwhile
    device_epoch_ = std::make_unique<DeviceEpoch>(pass, phases_, width);
  }
  return device_epoch_->run(trials);
}

Losses GradientLearner::predict(std::span<const int64_t> rows, std::span<float> predictions,
                                int64_t trial) {
  std::vector<ScoredRows> trials(random_.size());
  trials[static_cast<size_t>(trial)] = {rows, predictions};
  return score(trials)[static_cast<size_t>(trial)];
}

std::vector<float> GradientLearner::snapshot(int64_t trial) {
  return memory_.read_prefix(model_.size(), trial);
}

void GradientLearner::restore(std::span<const float> snapshot, int64_t trial) {
  memory_.write_prefix(model_.size(), snapshot, trial);
}

}  // namespace mlrun::train
