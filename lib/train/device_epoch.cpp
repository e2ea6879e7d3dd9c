#include "train/device_epoch.h"

#include <cstring>

#include "ops/epoch.h"
#include "train/orders_ahead.h"
#include "train/words.h"

namespace mlrun::train {

using graph::ValueId;

namespace {

constexpr int64_t kStateWords = sizeof(StepState) / kWord;

using Phases = std::span<const std::unique_ptr<Phase>>;

int64_t state_words(Phases phases) { return static_cast<int64_t>(phases.size()) * kStateWords; }

// A flag before them.
int64_t words_of_sums(Phases phases) {
  return (1 + static_cast<int64_t>(sum_count(phases))) * ops::kSumWords;
}

}  // namespace

DeviceEpoch::DeviceEpoch(const DevicePassOptions& options, Phases phases, int64_t prediction_width)
    : DevicePass(options, state_words(phases), words_of_sums(phases)),
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
    first += static_cast<int64_t>(phase.summed().size());
  }
}

void DeviceEpoch::build_results(size_t number, int64_t first) {
  Phase& phase = *phases_[number];
  Follower follower;
  const ValueId sums =
      follower.graph.variable("sums", {Shape{words_of_sums(phases_)}, DType::kUint32});
  std::vector<ValueId> operands = {sums, rows_of(follower)};
  for (const ValueId value : phase.summed()) {
    operands.push_back(follower.input("summed", phase.executable(), value));
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
    std::vector<double> found(1 + sum_count(phases_));
    std::memcpy(found.data(), results.bytes.data() + trial * results.stride,
                found.size() * sizeof(double));
    outcomes.push_back(
        outcome_of(found, static_cast<int64_t>(trial), static_cast<int64_t>(orders[trial].size())));
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

// Of the epoch that has just been made; `found` is the flag, then the sums.
EpochOutcome DeviceEpoch::outcome_of(std::span<const double> found, int64_t trial,
                                     int64_t rows) const {
  const int64_t first = batches(trial) - steps(rows);
  EpochSums sums{{found.begin() + 1, found.end()}, {}, found[0] == 0};
  for (const auto& phase : phases_) {
    int64_t& seen = sums.rows.emplace_back(0);
    for (int64_t number = 0; number < steps(rows); ++number) {
      if (phase->runs_at(first + number)) seen += rows_of_step(rows, number);
    }
  }
  return {losses_of(phases_, sums)};
}

}  // namespace mlrun::train
