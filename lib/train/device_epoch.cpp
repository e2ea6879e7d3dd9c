#include "train/device_epoch.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/clock.h"
#include "ops/epoch.h"

namespace mlrun::train {

using graph::kNoValue;
using graph::ValueId;

namespace {

constexpr int64_t kWord = 4;
constexpr int64_t kStateWords = sizeof(StepState) / kWord;

int64_t padded(int64_t bytes) {
  return (bytes + graph::kAlignment - 1) / graph::kAlignment * graph::kAlignment;
}

// A value of one executable as an input of another.
void connect(graph::Executable& to, ValueId input, const Tensor& value) {
  to.bind(input, value.data, value.stride);
}

std::unique_ptr<ResidentData> resident_if_it_fits(std::span<const Feed* const> feeds,
                                                  device::Context& context) {
  // Where memory is the host's, rows lie in it once for all.
  if (!feeds[0]->is_constant() || context.memory_is_hosts()) return nullptr;
  try {
    return std::make_unique<ResidentData>(feeds, context);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

}  // namespace

DeviceEpoch::DeviceEpoch(const DeviceEpochOptions& options)
    : options_(options), context_(*options.backend->context) {
  layout_ = make_layout();
  prepared_.resize(static_cast<size_t>(layout_.size));
  block_ = context_.allocate(layout_.size);
  predictions_ = context_.allocate(trials() * options_.rows * options_.prediction_width * kWord);
  data_ = resident_if_it_fits(options_.feeds, context_);
  build_loader();
  int64_t first = 0;
  for (size_t i = 0; i < options_.phases.size(); ++i) {
    build_results(i, first);
    first += 1 + static_cast<int64_t>(options_.phases[i]->terms().size());
  }
}

DeviceEpoch::Layout DeviceEpoch::make_layout() const {
  Layout layout;
  const auto add = [&](int64_t words) {
    const Section section{layout.size, padded(words * kWord)};
    layout.size += trials() * section.stride;
    return section;
  };
  layout.counter = add(1);
  layout.sums = add((1 + sums()) * ops::kSumWords);
  layout.states =
      add(steps(options_.rows) * static_cast<int64_t>(options_.phases.size()) * kStateWords);
  layout.order = add(options_.rows);
  return layout;
}

void DeviceEpoch::bind(graph::Executable& executable, ValueId id, const Section& section) {
  executable.bind(id, block_.get() + section.begin, section.stride);
}

std::unique_ptr<graph::Executable> DeviceEpoch::make_executable(graph::Graph graph,
                                                                std::span<const ValueId> keep) {
  return std::make_unique<graph::Executable>(std::move(graph), keep, options_.batch_size,
                                             *options_.backend->kernels, context_,
                                             graph::Stack{trials(), options_.backend->stacks});
}

int64_t DeviceEpoch::steps(int64_t rows) const {
  return (rows + options_.batch_size - 1) / options_.batch_size;
}

int64_t DeviceEpoch::rows_of_step(int64_t rows, int64_t number) const {
  return std::clamp<int64_t>(rows - number * options_.batch_size, 0, options_.batch_size);
}

// Kernels that compute a stack at once also compute copies that nobody looks at any more, if these
// stand between others.
std::vector<DeviceEpoch::Part> DeviceEpoch::parts_of_step(std::span<const TrialEpoch> all,
                                                          int64_t number) const {
  std::vector<Part> parts;
  bool open = false;  // to further trials
  for (int64_t trial = 0; trial < trials(); ++trial) {
    const auto own = static_cast<int64_t>(all[static_cast<size_t>(trial)].order.size());
    const int64_t rows = rows_of_step(own, number);
    if (rows == 0) {
      open = open && own == 0 && options_.backend->stacks;
    } else if (open && parts.back().rows == rows) {
      parts.back().trials.end = trial + 1;
    } else {
      parts.push_back({{trial, trial + 1}, rows});
      open = true;
    }
  }
  return parts;
}

int64_t DeviceEpoch::sums() const {
  int64_t count = 0;
  for (const auto& phase : options_.phases) {
    count += 1 + static_cast<int64_t>(phase->terms().size());
  }
  return count;
}

void DeviceEpoch::build_loader() {
  graph::Graph g;
  const auto phases = static_cast<int64_t>(options_.phases.size());
  const ValueId counter = g.variable("counter", {Shape{1}, DType::kInt32});
  const ValueId order = g.input("order", {Shape{options_.rows}, DType::kInt32});
  const ValueId states =
      g.input("states", {Shape{steps(options_.rows), phases * kStateWords}, DType::kUint32});
  step_ = g.apply(std::make_shared<ops::NextStepOp>(), {counter});
  const ValueId state = g.apply(std::make_shared<ops::GatherOp>(), {states, step_});
  batch_rows_ = g.apply(std::make_shared<ops::BatchRowsOp>(options_.batch_size), {step_, order});
  std::vector<ValueId> keep = {step_, state, batch_rows_};
  GraphInputs gathered;
  if (data_) gathered = data_->append(g, batch_rows_);
  for (const ValueId id : {gathered.features, gathered.target, gathered.weights, gathered.items}) {
    if (id != kNoValue) keep.push_back(id);
  }
  loader_ = make_executable(std::move(g), keep);
  bind(*loader_, counter, layout_.counter);
  bind(*loader_, order, layout_.order);
  bind(*loader_, states, layout_.states);
  if (data_) data_->bind(*loader_);
  connect_phases(state, gathered);
}

void DeviceEpoch::connect_phases(ValueId state, const GraphInputs& gathered) {
  const Tensor states = loader_->tensor(state);
  for (size_t i = 0; i < options_.phases.size(); ++i) {
    Phase& phase = *options_.phases[i];
    phase.bind_state(static_cast<std::byte*>(states.data) + i * sizeof(StepState), states.stride);
    const auto bind_part = [&](ValueId GraphInputs::*part) {
      const ValueId input = phase.inputs().*part;
      if (input == kNoValue || gathered.*part == kNoValue) return;
      connect(phase.executable(), input, loader_->tensor(gathered.*part));
    };
    bind_part(&GraphInputs::features);
    bind_part(&GraphInputs::target);
    bind_part(&GraphInputs::weights);
    bind_part(&GraphInputs::items);
  }
}

void DeviceEpoch::build_results(size_t number, int64_t first) {
  graph::Graph g;
  Phase& phase = *options_.phases[number];
  std::vector<std::pair<ValueId, Tensor>> connected;
  const auto input = [&](const char* name, const graph::Executable& from, ValueId id) {
    connected.emplace_back(g.input(name, from.graph().value(id).type), from.tensor(id));
    return connected.back().first;
  };
  const ValueId all_sums =
      g.variable("sums", {Shape{(1 + sums()) * ops::kSumWords}, DType::kUint32});
  std::vector<ValueId> operands = {all_sums, input("rows", *loader_, batch_rows_),
                                   input("loss", phase.executable(), phase.objective())};
  for (const ValueId term : phase.terms()) {
    operands.push_back(input("term", phase.executable(), term));
  }
  g.apply_multi(std::make_shared<ops::AccumulateOp>(first), std::move(operands));
  ValueId all = kNoValue;
  if (number == 0 && options_.prediction_width > 0) {
    all = g.variable("predictions", {Shape{options_.rows, options_.prediction_width}});
    g.apply_multi(std::make_shared<ops::StoreBatchOp>(options_.batch_size),
                  {input("made", phase.executable(), phase.prediction()),
                   input("step", *loader_, step_), all});
  }
  results_.push_back(make_executable(std::move(g), {}));
  for (const auto& [id, value] : connected) connect(*results_.back(), id, value);
  bind(*results_.back(), all_sums, layout_.sums);
  if (all != kNoValue) {
    results_.back()->bind(all, predictions_.get(),
                          options_.rows * options_.prediction_width * kWord);
  }
}

// Counters and sums begin at 0.
void DeviceEpoch::prepare(std::span<const TrialEpoch> all) {
  std::fill(prepared_.begin(), prepared_.end(), std::byte{0});
  for (size_t trial = 0; trial < all.size(); ++trial) {
    prepare_states(trial, static_cast<int64_t>(all[trial].order.size()));
    std::byte* order =
        prepared_.data() + layout_.order.begin + static_cast<int64_t>(trial) * layout_.order.stride;
    std::transform(all[trial].order.begin(), all[trial].order.end(),
                   reinterpret_cast<int32_t*>(order),
                   [](int64_t row) { return static_cast<int32_t>(row); });
  }
  context_.upload(block_.get(), prepared_.data(), layout_.size);
}

void DeviceEpoch::prepare_states(size_t trial, int64_t rows) {
  std::byte* state =
      prepared_.data() + layout_.states.begin + static_cast<int64_t>(trial) * layout_.states.stride;
  std::vector<int64_t> made(options_.phases.size(), 0);
  for (int64_t number = 0; number < steps(rows); ++number) {
    for (size_t i = 0; i < options_.phases.size(); ++i, state += sizeof(StepState)) {
      const Phase& phase = *options_.phases[i];
      if (!phase.runs_at(number)) continue;
      const StepState one = phase.state(made[i]++, trial);
      std::memcpy(state, &one, sizeof one);
    }
  }
}

std::vector<EpochOutcome> DeviceEpoch::run(std::span<const TrialEpoch> all) {
  const Stopwatch watch;
  prepare(all);
  double data_seconds = watch.seconds();
  for (int64_t number = 0; number < steps(options_.rows); ++number) {
    if (!data_) {
      const Stopwatch gathering;
      fill(all, number);
      data_seconds += gathering.seconds();
    }
    for (const Part& part : parts_of_step(all, number)) run_step(number, part);
  }
  std::vector<EpochOutcome> outcomes = collect(all);
  const int64_t stride = options_.rows * options_.prediction_width * kWord;
  for (size_t trial = 0; trial < all.size(); ++trial) {
    outcomes[trial].data_seconds = data_seconds;
    const std::span<float> made = all[trial].predictions;
    if (made.empty()) continue;
    context_.download(made.data(), predictions_.get() + static_cast<int64_t>(trial) * stride,
                      static_cast<int64_t>(made.size_bytes()));
    options_.feeds[trial]->restore(made, options_.prediction_width);
  }
  return outcomes;
}

void DeviceEpoch::fill(std::span<const TrialEpoch> all, int64_t number) {
  for (size_t trial = 0; trial < all.size(); ++trial) {
    const std::span<const int64_t> order = all[trial].order;
    const int64_t rows = rows_of_step(static_cast<int64_t>(order.size()), number);
    if (rows == 0) continue;
    const auto copy = static_cast<int64_t>(trial);
    const auto pass = static_cast<uint64_t>(options_.phases[0]->steps(copy)) + 1;
    options_.batch->fill(
        order.subspan(static_cast<size_t>(number * options_.batch_size), static_cast<size_t>(rows)),
        pass, copy);
  }
}

void DeviceEpoch::run_step(int64_t number, const Part& part) {
  int64_t key = (part.rows * trials() + part.trials.begin) * (trials() + 1) + part.trials.end;
  bool profiling = false;
  for (const auto& phase : options_.phases) {
    key = 2 * key + (phase->runs_at(number) ? 1 : 0);
    profiling = profiling || phase->executable().profiling();
  }
  if (profiling) {
    launch(number, part);
  } else {
    context_.replay(recordings_.of(key), [&] { launch(number, part); });
  }
  for (const auto& phase : options_.phases) {
    if (phase->runs_at(number)) phase->count_step(part.trials);
  }
}

void DeviceEpoch::launch(int64_t number, const Part& part) {
  loader_->launch(part.rows, part.trials);
  for (size_t i = 0; i < options_.phases.size(); ++i) {
    Phase& phase = *options_.phases[i];
    if (!phase.runs_at(number)) continue;
    phase.executable().launch(part.rows, part.trials);
    results_[i]->launch(part.rows, part.trials);
  }
}

std::vector<EpochOutcome> DeviceEpoch::collect(std::span<const TrialEpoch> all) {
  const auto stride = static_cast<size_t>(layout_.sums.stride) / sizeof(double);
  std::vector<double> values(static_cast<size_t>(trials()) * stride);
  context_.download(values.data(), block_.get() + layout_.sums.begin,
                    static_cast<int64_t>(values.size() * sizeof(double)));
  std::vector<EpochOutcome> outcomes;
  for (size_t trial = 0; trial < all.size(); ++trial) {
    outcomes.push_back(outcome_of(std::span(values).subspan(trial * stride, stride),
                                  static_cast<int64_t>(all[trial].order.size())));
  }
  return outcomes;
}

EpochOutcome DeviceEpoch::outcome_of(std::span<const double> sums_of_trial, int64_t rows) const {
  EpochOutcome outcome;
  outcome.finite = sums_of_trial[0] == 0;
  outcome.loss = sums_of_trial[1] / static_cast<double>(rows);
  auto value = sums_of_trial.begin() + 1;
  for (const auto& phase : options_.phases) {
    int64_t seen = 0;
    for (int64_t number = 0; number < steps(rows); ++number) {
      if (phase->runs_at(number)) seen += rows_of_step(rows, number);
    }
    ++value;  // the objective
    for (size_t i = 0; i < phase->terms().size(); ++i) {
      outcome.terms.push_back(*value++ / static_cast<double>(seen));
    }
  }
  return outcome;
}

}  // namespace mlrun::train
