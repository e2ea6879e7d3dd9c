#include "train/fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "base/philox.h"
#include "device/cpu_context.h"
#include "optim/optimizer.h"
#include "train/checkpoint.h"
#include "train/fitting_rows.h"
#include "train/gradient_learner.h"
#include "train/plateau.h"
#include "train/scores.h"
#include "train/stack_member.h"
#include "train/structure.h"

namespace mlrun::train {
namespace {

EarlyStopping early_stopping(const config::ExperimentSpec& spec) {
  const config::EarlyStoppingSpec& options = *spec.train.early_stopping;
  return {options, greater_is_better(spec, options.monitor)};
}

// Schedules do without: see check_training().
Plateau plateau(const config::ExperimentSpec& spec) {
  const config::PlateauSpec& options = *spec.train.reduce_lr_on_plateau;
  return {options, greater_is_better(spec, options.monitor),
          spec.train.optimizer.as<optim::Optimizer>().learning_rate.value};
}

double monitored(const config::ExperimentSpec& spec, std::string name, const EpochRecord& record) {
  const bool validation = name.starts_with("val_");
  if (validation) name.erase(0, 4);
  return (validation ? record.validation : record.training).at(score_place(spec, name));
}

data::Transform transform_of(const FitInput& input, std::span<const int64_t> rows) {
  const auto fit = input.keep_model ? fit_kept_transform : fit_transform;
  return fit(input.dataset, input.spec.dataset, rows);
}

// One training but for the steps of its epochs, which may be made together with others'.
class Fitter {
 public:
  Fitter(const FitInput& input, const FitHooks& hooks)
      : input_(input),
        spec_(input.spec.train),
        hooks_(hooks),
        streams_{{seed(), Purpose::kInitialise, input.cell, input.fold},
                 {seed(), Purpose::kShuffle, input.cell, input.fold},
                 {seed(), Purpose::kDropout, input.cell, input.fold}},
        split_(fitting_rows(input)),
        feed_(input.dataset, transform_of(input, split_.train), feed_kind(input.spec),
              class_weights(spec_.class_weight, input.dataset, split_.train),
              {seed(), Purpose::kWords, input.cell, input.fold},
              further_targets(input.spec, input.dataset, split_.train)),
        score_(input.spec, input.dataset) {
    if (spec_.early_stopping) stopping_.emplace(early_stopping(input.spec));
    if (spec_.reduce_lr_on_plateau) plateau_.emplace(plateau(input.spec));
  }

  size_t rows() const { return split_.train.size(); }

  StackedTrial stacked_trial() const { return {&input_.spec, &feed_}; }

  LearnerOptions learner_options(const graph::Backend& backend) const {
    LearnerOptions options;
    options.trials = {stacked_trial()};
    options.input = input_shape(input_.dataset, input_.spec.dataset);
    options.adjacency = make_adjacency(input_.dataset, split_.train);
    options.backend = &backend;
    options.training_predictions = has_metrics(spec_);
    return options;
  }

  void begin(GradientLearner& learner, int64_t trial) {
    watch_ = Stopwatch();
    learner_.emplace(learner, trial);
    learner_->initialise(streams_);
    take_initial_weights();
    resume();
    allocate();
  }

  bool runs() const {
    return next_epoch_ < spec_.epochs && !stopped_ && result_.status == FitStatus::kFinished;
  }

  TrialEpoch begin_epoch() {
    epoch_watch_ = Stopwatch();
    if (ordered_epoch_ != next_epoch_) make_order(next_epoch_);
    std::swap(order_, next_order_);
    return {order_, training_predictions_, [this] { return order_of_next_epoch(); }};
  }

  /// What is scored behind each epoch.
  ScoredRows validation_rows() { return {split_.test, validation_predictions_}; }

  void end_epoch(const EpochOutcome& outcome, const Losses& validation) {
    result_.data_seconds += outcome.data_seconds;
    EpochRecord record;
    record.epoch = next_epoch_++;
    if (outcome.finite) {
      record.training = score_(outcome, order_, training_predictions_, learner_->output_width());
      keep_terms(outcome.terms, record);
      record.validation = validation_scores(validation);
    } else {
      diverge(fmt::format("the loss was not finite in epoch {}", record.epoch));
      record.training = lost(outcome);
      record.validation = score_.nothing();
    }
    record.seconds = epoch_watch_.seconds();
    result_.compute_seconds += record.seconds - outcome.data_seconds;
    finish_epoch(std::move(record));
  }

  // After the last epoch: the best weights, and what they are worth.
  FitResult end(const graph::Executable* profiled, device::Context& context) {
    note_blind_stopping();
    if (restores_best()) learner_->restore(best_weights_);
    result_.fit_seconds = watch_.seconds();
    if (profiled) add_profile(*profiled, context);
    check_last_step();
    score_test();
    result_.parameters = learner_->parameters();
    result_.loss_scale = learner_->loss_scale();
    result_.output_width = learner_->output_width();
    if (input_.keep_model) {
      learner_->save(result_.model);
      feed_.save(result_.model);
    }
    return std::move(result_);
  }

 private:
  uint64_t seed() const { return static_cast<uint64_t>(input_.spec.seed); }

  bool restores_best() const {
    return spec_.early_stopping && spec_.early_stopping->restore_best_weights &&
           !best_weights_.empty() && result_.status == FitStatus::kFinished;
  }

  void note_blind_stopping() {
    if (!stopping_ || !hooks_.on_note || result_.history.empty()) return;
    const auto is_undefined = [&](const EpochRecord& record) {
      return std::isnan(monitored(input_.spec, spec_.early_stopping->monitor, record));
    };
    if (!std::all_of(result_.history.begin(), result_.history.end(), is_undefined)) return;
    hooks_.on_note(fmt::format("early_stopping watched {}, which was undefined in all {} epochs",
                               spec_.early_stopping->monitor, result_.history.size()));
  }

  bool checkpoints() const { return spec_.checkpoint_every > 0 && !input_.checkpoint.empty(); }

  CheckpointFile checkpoint_file() const { return {input_.checkpoint, input_.training}; }

  // A training whose checkpoint is damaged begins anew, to the same end.
  std::optional<Checkpoint> saved_state() {
    try {
      return read_checkpoint(checkpoint_file(), *learner_);
    } catch (const std::exception& error) {
      if (hooks_.on_note) {
        hooks_.on_note(
            fmt::format("the checkpoint '{}' is not used, and the training begins anew: {}",
                        input_.checkpoint.string(), error.what()));
      }
      return std::nullopt;
    }
  }

  void resume() {
    if (!checkpoints()) return;
    std::optional<Checkpoint> saved = saved_state();
    if (!saved) return;
    next_epoch_ = saved->next_epoch;
    result_.history = std::move(saved->history);
    best_weights_ = std::move(saved->best_weights);
    if (stopping_) stopping_->set_state(saved->stopping);
    if (plateau_) {
      plateau_->set_state(saved->plateau);
      learner_->scale_learning_rate(plateau_->factor());
    }
    for (const EpochRecord& record : result_.history) {
      if (hooks_.on_epoch) hooks_.on_epoch(record);
    }
  }

  void take_initial_weights() {
    if (!input_.initial_weights) return;
    const store::ModelFile& file = *input_.initial_weights;
    if (are_other_tokens(feed_.token_names(), feed_.target_token_names(), file)) {
      throw InputError(render_error(input_.spec.train.initial_weights_mark,
                                    "the initial weights are of other tokens than the data; set "
                                    "dataset.tokens: {of_model: FILE} to the same file"));
    }
    learner_->take_weights(file);
  }

  // Everything an epoch needs, before the first one.
  void allocate() {
    const auto width = static_cast<size_t>(learner_->output_width());
    order_ = split_.train;
    if (has_metrics(spec_)) training_predictions_.resize(order_.size() * width);
    if (has_metrics(spec_)) validation_predictions_.resize(split_.test.size() * width);
  }

  // A function of the seed, the fold and the epoch.
  void make_order(int64_t epoch) {
    next_order_ = split_.train;
    if (spec_.shuffle) shuffle(next_order_, streams_.shuffle, static_cast<uint64_t>(epoch));
    ordered_epoch_ = epoch;
  }

  // While the one that has begun is computed; perhaps it is the last.
  std::span<const int64_t> order_of_next_epoch() {
    if (next_epoch_ + 1 >= spec_.epochs) return {};
    make_order(next_epoch_ + 1);
    return next_order_;
  }

  // A generator that made no step in this epoch has the loss it had in the one before.
  void keep_terms(std::span<const double> terms, EpochRecord& record) const {
    if (result_.history.empty()) return;
    const size_t first = 1 + spec_.metrics.size();
    for (size_t i = first; i < first + terms.size(); ++i) {
      if (std::isnan(record.training[i])) record.training[i] = result_.history.back().training[i];
    }
  }

  void diverge(std::string message) {
    result_.status = FitStatus::kDiverged;
    result_.message = std::move(message);
  }

  std::vector<double> lost(const Losses& losses) const {
    std::vector<double> scores = score_.nothing();
    scores[0] = losses.loss;
    return scores;
  }

  // Of the epoch before next_epoch_.
  std::vector<double> validation_scores(const Losses& losses) {
    if (split_.test.empty()) return score_.nothing();
    if (!losses.finite) {
      diverge(fmt::format("the validation loss was not finite in epoch {}", next_epoch_ - 1));
      return lost(losses);
    }
    return score_(losses, split_.test, validation_predictions_, learner_->output_width());
  }

  void finish_epoch(EpochRecord record) {
    if (result_.status == FitStatus::kFinished) watch_progress(record);
    if (hooks_.on_epoch) hooks_.on_epoch(record);
    result_.history.push_back(std::move(record));
    const bool over =
        next_epoch_ == spec_.epochs || stopped_ || result_.status != FitStatus::kFinished;
    if (!over && checkpoints() && next_epoch_ % spec_.checkpoint_every == 0) save_checkpoint();
    if (!over && hooks_.should_stop && hooks_.should_stop()) {
      result_.status = FitStatus::kInterrupted;
      if (checkpoints()) save_checkpoint();
    }
  }

  void watch_progress(const EpochRecord& record) {
    if (plateau_ &&
        plateau_->observe(monitored(input_.spec, spec_.reduce_lr_on_plateau->monitor, record))) {
      learner_->scale_learning_rate(plateau_->factor());
    }
    if (!stopping_) return;
    const auto decision = stopping_->observe(
        record.epoch, monitored(input_.spec, spec_.early_stopping->monitor, record));
    stopped_ = decision.stop;
    if (decision.improved && spec_.early_stopping->restore_best_weights) {
      best_weights_ = learner_->snapshot();
    }
  }

  void save_checkpoint() {
    Checkpoint checkpoint{next_epoch_, result_.history, {}, best_weights_, {}};
    if (stopping_) checkpoint.stopping = stopping_->state();
    if (plateau_) checkpoint.plateau = plateau_->state();
    write_checkpoint(checkpoint_file(), checkpoint, *learner_);
  }

  void add_profile(const graph::Executable& step, device::Context& context) {
    std::vector<ProfileRow>& rows = result_.profile;
    rows = profile_rows(step);
    rows.push_back({"(gathering batches)", "", 0, result_.data_seconds, 0, 0});
    double rest = result_.fit_seconds;
    for (const ProfileRow& row : rows) rest -= row.seconds;
    rows.push_back({"(shuffling, metrics, validation, the loop)", "", 0, rest, 0, 0});
    if (auto* cpu = dynamic_cast<device::CpuContext*>(&context)) {
      result_.peak = ops::measure_peak_cpu(*cpu);
    }
  }

  // The loss of a step is the one before it, so of the last step none may tell.
  void check_last_step() {
    if (result_.status != FitStatus::kFinished) return;
    const std::vector<float> weights = learner_->snapshot();
    const bool finite =
        std::all_of(weights.begin(), weights.end(), [](float w) { return std::isfinite(w); });
    if (!finite) return diverge("the weights were not finite after the last epoch");
    if (!split_.test.empty() || !input_.test_rows.empty()) return;
    const std::span<const int64_t> rows = split_.train;
    const auto batch = std::min(rows.size(), static_cast<size_t>(spec_.batch_size));
    if (learner_->predict(rows.first(batch), {}).finite) return;
    diverge("the loss was not finite after the last epoch");
  }

  void score_test() {
    result_.test = score_.nothing();
    if (input_.test_rows.empty() || result_.status != FitStatus::kFinished) return;
    const Stopwatch watch;
    const int64_t width = learner_->output_width();
    // Of a sequence nobody but the metrics wants to see the scores of every class at every step.
    const bool sequences = score_.sequences();
    if (!sequences || has_metrics(spec_)) {
      result_.predictions.resize(input_.test_rows.size() * static_cast<size_t>(width));
    }
    const Losses losses = learner_->predict(input_.test_rows, result_.predictions);
    if (losses.finite) {
      result_.test = score_(losses, input_.test_rows, result_.predictions, width);
    } else {
      diverge("the loss of the test rows was not finite");
    }
    if (sequences || !losses.finite) result_.predictions.clear();
    result_.score_seconds = watch.seconds();
  }

  const FitInput& input_;
  const config::TrainSpec& spec_;
  const FitHooks& hooks_;
  TrialStreams streams_;
  data::Split split_;  ///< training rows and validation rows
  Feed feed_;
  std::optional<StackMember> learner_;
  Scorer score_;
  std::optional<EarlyStopping> stopping_;
  std::optional<Plateau> plateau_;
  FitResult result_;
  Stopwatch watch_;
  Stopwatch epoch_watch_;
  int64_t next_epoch_ = 0;
  bool stopped_ = false;
  std::vector<int64_t> order_;       ///< of the epoch that has begun
  std::vector<int64_t> next_order_;  ///< of the one behind it, if ordered_epoch_ says so
  int64_t ordered_epoch_ = -1;
  std::vector<float> training_predictions_;
  std::vector<float> validation_predictions_;
  std::vector<float> best_weights_;
};

using Fitters = std::vector<std::unique_ptr<Fitter>>;

// A training that ends is scored at once: what its copy computes from then on is nobody's.
void run_stack(const Fitters& fitters, GradientLearner& learner, device::Context& context,
               const FitEnd& ended) {
  std::vector<bool> open(fitters.size(), true);
  const auto close_what_ended = [&] {
    for (size_t i = 0; i < fitters.size(); ++i) {
      if (!open[i] || fitters[i]->runs()) continue;
      open[i] = false;
      ended(i, fitters[i]->end(nullptr, context));
    }
  };
  for (size_t i = 0; i < fitters.size(); ++i) fitters[i]->begin(learner, static_cast<int64_t>(i));
  close_what_ended();
  while (std::find(open.begin(), open.end(), true) != open.end()) {
    std::vector<TrialEpoch> epochs(fitters.size());
    for (size_t i = 0; i < fitters.size(); ++i) {
      if (open[i]) epochs[i] = fitters[i]->begin_epoch();
    }
    const std::vector<EpochOutcome> outcomes = learner.train_epochs(epochs);
    std::vector<ScoredRows> validation(fitters.size());
    for (size_t i = 0; i < fitters.size(); ++i) {
      if (open[i] && outcomes[i].finite) validation[i] = fitters[i]->validation_rows();
    }
    const std::vector<Losses> losses = learner.score(validation);
    for (size_t i = 0; i < fitters.size(); ++i) {
      if (open[i]) fitters[i]->end_epoch(outcomes[i], losses[i]);
    }
    close_what_ended();
  }
}

}  // namespace

size_t epoch_of_model(const config::ExperimentSpec& spec, std::span<const EpochRecord> history) {
  const auto& options = spec.train.early_stopping;
  int64_t best = -1;
  if (options && options->restore_best_weights) {
    EarlyStopping stopping = early_stopping(spec);
    for (const EpochRecord& record : history) {
      stopping.observe(record.epoch, monitored(spec, options->monitor, record));
    }
    best = stopping.state().best_epoch;
  }
  return best < 0 ? history.size() - 1 : static_cast<size_t>(best);
}

FitResult fit(const FitInput& input, const FitHooks& hooks) {
  Fitter fitter(input, hooks);
  const graph::Backend backend = input.backend(input.threads);
  GradientLearner learner(fitter.learner_options(backend));
  fitter.begin(learner, 0);
  learner.training_step().set_profiling(input.profile);
  while (fitter.runs()) {
    const TrialEpoch epoch = fitter.begin_epoch();
    const EpochOutcome outcome = learner.train_epoch(epoch);
    const ScoredRows validation = outcome.finite ? fitter.validation_rows() : ScoredRows();
    fitter.end_epoch(outcome, learner.score(std::span(&validation, 1))[0]);
  }
  return fitter.end(input.profile ? &learner.training_step() : nullptr, *backend.context);
}

void fit_stack(std::span<const FitInput> inputs, std::span<const FitHooks> hooks,
               const FitEnd& ended) {
  for (const FitInput& input : inputs) {
    const std::string why = why_not_stacked(inputs[0], input);
    if (!why.empty()) throw Error("these trainings cannot be stacked: " + why);
  }
  static const FitHooks kNone;
  Fitters fitters;
  for (size_t i = 0; i < inputs.size(); ++i) {
    fitters.push_back(std::make_unique<Fitter>(inputs[i], hooks.empty() ? kNone : hooks[i]));
  }
  // Trainings with as many rows stand together: their last batches are computed as one.
  std::vector<size_t> order(inputs.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return fitters[a]->rows() > fitters[b]->rows(); });
  Fitters sorted;
  for (const size_t number : order) sorted.push_back(std::move(fitters[number]));
  const graph::Backend backend = inputs[0].backend(inputs[0].threads);
  LearnerOptions options = sorted[0]->learner_options(backend);
  for (size_t i = 1; i < sorted.size(); ++i) options.trials.push_back(sorted[i]->stacked_trial());
  GradientLearner learner(options);
  run_stack(sorted, learner, *backend.context,
            [&](size_t i, FitResult&& result) { ended(order[i], std::move(result)); });
}

void fit_all(std::span<const FitInput> inputs, std::span<const FitHooks> hooks,
             const FitEnd& ended) {
  if (inputs.size() != 1) return fit_stack(inputs, hooks, ended);
  ended(0, hooks.empty() ? fit(inputs[0]) : fit(inputs[0], hooks[0]));
}

}  // namespace mlrun::train
