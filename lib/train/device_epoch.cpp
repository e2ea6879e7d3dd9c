#include "train/device_epoch.h"

#include <cstring>
#include <limits>

#include "ops/epoch.h"
#include "train/orders_ahead.h"
#include "train/words.h"

namespace mlrun::train {

using graph::ValueId;

namespace {

constexpr int64_t kStateWords = sizeof(StepState) / kWord;

using Phases = std::span<const std::unique_ptr<Phase>>;

int64_t state_words(Phases phases) { return static_cast<int64_t>(phases.size()) * kStateWords; }

// The loss, what it is a mean over, if that is not the samples, then the terms.
int64_t sums_of(const Phase& phase) {
  const int64_t counted = phase.counted() == graph::kNoValue ? 0 : 1;
  return 1 + counted + static_cast<int64_t>(phase.terms().size());
}

int64_t sums_of(Phases phases) {
  int64_t count = 0;
  for (const auto& phase : phases) count += sums_of(*phase);
  return count;
}

}  // namespace

DeviceEpoch::DeviceEpoch(const DevicePassOptions& options, Phases phases, int64_t prediction_width)
    : DevicePass(options, state_words(phases), (1 + sums_of(phases)) * ops::kSumWords),
      phases_(phases),
      prediction_width_(prediction_width),
      predictions_(context().allocate(trials() * options.rows * prediction_width * kWord)) {
  const Tensor states = state();
  int64_t first = 0;
  for (size_t i = 0; i < phases_.size(); ++i) {
    Phase& phase = *phases_[i];
    phase.bind_state(static_cast<std::byte*>(states.data) + i * sizeof(StepState), states.stride);
    bind_rows(phase.executable(), phase.inputs());
    build_results(i, first);
    first += sums_of(phase);
  }
}

void DeviceEpoch::build_results(size_t number, int64_t first) {
  Phase& phase = *phases_[number];
  Follower follower;
  const ValueId sums = follower.graph.variable(
      "sums", {Shape{(1 + sums_of(phases_)) * ops::kSumWords}, DType::kUint32});
  std::vector<ValueId> operands = {sums, rows_of(follower),
                                   follower.input("loss", phase.executable(), phase.loss())};
  if (phase.counted() != graph::kNoValue) {
    operands.push_back(follower.input("counted", phase.executable(), phase.counted()));
  }
  for (const ValueId term : phase.terms()) {
    operands.push_back(follower.input("term", phase.executable(), term));
  }
  follower.graph.apply_multi(std::make_shared<ops::AccumulateOp>(first), std::move(operands));
  const bool keeps_predictions = number == 0 && prediction_width_ > 0;
  ValueId all = graph::kNoValue;
  if (keeps_predictions) {
    all = follower.graph.variable("predictions", {Shape{rows(), prediction_width_}});
    follower.graph.apply_multi(
        std::make_shared<ops::StoreBatchOp>(options().batch_size),
        {follower.input("made", phase.executable(), phase.prediction()), step_of(follower), all});
  }
  results_.push_back(make_executable(std::move(follower)));
  bind_results(*results_.back(), sums);
  if (keeps_predictions) {
    results_.back()->bind(all, predictions_.get(), rows() * prediction_width_ * kWord);
  }
}

void DeviceEpoch::write_states(size_t trial, int64_t rows, const Steps& open, std::byte* to) {
  std::vector<int64_t> made(phases_.size(), 0);
  int64_t batch = batches(static_cast<int64_t>(trial));
  for (int64_t number = open.begin; number < open.end; ++number, ++batch) {
    for (size_t i = 0; i < phases_.size(); ++i) made[i] += phases_[i]->runs_at(batch) ? 1 : 0;
  }
  for (int64_t number = 0; number < steps(rows); ++number, ++batch) {
    for (size_t i = 0; i < phases_.size(); ++i, to += sizeof(StepState)) {
      if (!phases_[i]->runs_at(batch)) continue;
      const StepState one = phases_[i]->state(made[i]++, trial);
      std::memcpy(to, &one, sizeof one);
    }
  }
}

uint64_t DeviceEpoch::feed_pass(int64_t trial) const {
  return static_cast<uint64_t>(batches(trial)) + 1;
}

void DeviceEpoch::launch_step(const Part& part) {
  const int64_t batch = batches(part.trials.begin);
  for (size_t i = 0; i < phases_.size(); ++i) {
    if (!phases_[i]->runs_at(batch)) continue;
    phases_[i]->executable().launch(part.rows, part.trials);
    results_[i]->launch(part.rows, part.trials);
  }
}

// Which phases run.
int64_t DeviceEpoch::variant(int64_t trial) const {
  int64_t running = 0;
  for (const auto& phase : phases_) {
    if (phase->executable().profiling()) return -1;
    running = 2 * running + (phase->runs_at(batches(trial)) ? 1 : 0);
  }
  return running;
}

void DeviceEpoch::has_started(const Part& part) {
  const int64_t batch = batches(part.trials.begin);
  for (const auto& phase : phases_) {
    if (phase->runs_at(batch)) phase->count_step(part.trials);
  }
}

std::vector<EpochOutcome> DeviceEpoch::run(std::span<const TrialEpoch> all) {
  std::vector<std::span<const int64_t>> orders;
  int64_t rows_of_all = 0;
  for (const TrialEpoch& trial : all) {
    orders.push_back(trial.order);
    rows_of_all += static_cast<int64_t>(trial.order.size());
  }
  OrdersAhead ahead(all.size(), options().ahead ? threads_for_orders(rows_of_all) : 0,
                    [&](size_t trial) {
                      const TrialEpoch& one = all[trial];
                      return one.next_order ? one.next_order() : std::span<const int64_t>();
                    });
  const double data_seconds =
      DevicePass::run(orders, [&](size_t trial) { return ahead.take(trial); });
  const Results results = download_results();
  std::vector<EpochOutcome> outcomes;
  for (size_t trial = 0; trial < all.size(); ++trial) {
    std::vector<double> sums(static_cast<size_t>(1 + sums_of(phases_)));
    std::memcpy(sums.data(), results.bytes.data() + trial * results.stride,
                sums.size() * sizeof(double));
    outcomes.push_back(
        outcome_of(sums, static_cast<int64_t>(trial), static_cast<int64_t>(orders[trial].size())));
    outcomes.back().data_seconds = data_seconds;
    const std::span<float> made = all[trial].predictions;
    if (made.empty()) continue;
    const std::byte* from =
        predictions_.get() + static_cast<int64_t>(trial) * rows() * prediction_width_ * kWord;
    context().download(made.data(), from, static_cast<int64_t>(made.size_bytes()));
    options().feeds[trial]->restore(made, prediction_width_);
  }
  return outcomes;
}

// Of the epoch that has just been made.
EpochOutcome DeviceEpoch::outcome_of(std::span<const double> sums, int64_t trial,
                                     int64_t rows) const {
  const int64_t first = batches(trial) - steps(rows);
  EpochOutcome outcome;
  outcome.finite = sums[0] == 0;
  const bool all = phases_[0]->counted() == graph::kNoValue;
  outcome.loss = sums[1] / (all ? static_cast<double>(rows) : sums[2]);
  auto value = sums.begin() + 1;
  for (const auto& phase : phases_) {
    int64_t seen = 0;
    for (int64_t number = 0; number < steps(rows); ++number) {
      if (phase->runs_at(first + number)) seen += rows_of_step(rows, number);
    }
    value += phase->counted() == graph::kNoValue ? 1 : 2;  // the loss
    for (size_t i = 0; i < phase->terms().size(); ++i) {
      const double sum = *value++;
      outcome.terms.push_back(seen == 0 ? std::numeric_limits<double>::quiet_NaN()
                                        : sum / static_cast<double>(seen));
    }
  }
  return outcome;
}

}  // namespace mlrun::train
