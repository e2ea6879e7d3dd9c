#include "train/device_pass.h"

#include <algorithm>

#include "base/clock.h"
#include "base/divide.h"
#include "ops/epoch.h"
#include "train/words.h"

namespace mlrun::train {

using graph::kNoValue;
using graph::ValueId;

namespace {

void bind(graph::Executable& executable, ValueId id, const PassMemory::Place& place) {
  executable.bind(id, place.memory, place.stride);
}

}  // namespace

ValueId DevicePass::Follower::input(const char* name, const graph::Executable& from, ValueId id) {
  connected.emplace_back(graph.input(name, from.graph().value(id).type), from.tensor(id));
  return connected.back().first;
}

DevicePass::DevicePass(const DevicePassOptions& options, int64_t state_words, int64_t result_words)
    : options_(options),
      memory_({.trials = trials(),
               .state_bytes = steps(options.rows) * state_words * kWord,
               .rows = options.rows,
               .result_bytes = result_words * kWord},
              options.ahead, *options.backend),
      ahead_(options.feeds.size()) {
  build_loader(state_words);
}

void DevicePass::bind_results(graph::Executable& executable, ValueId results) const {
  bind(executable, results, memory_.results());
}

int64_t DevicePass::steps(int64_t rows) const { return divide_up(rows, options_.batch_size); }

int64_t DevicePass::rows_of_step(int64_t rows, int64_t number) const {
  return std::clamp<int64_t>(rows - number * options_.batch_size, 0, options_.batch_size);
}

// Kernels that compute a stack at once also compute copies that nobody looks at any more, if these
// stand between others.
std::vector<DevicePass::Part> DevicePass::parts_of_step(
    std::span<const std::span<const int64_t>> orders, int64_t number) const {
  std::vector<Part> parts;
  bool open = false;  // to further trials
  for (int64_t trial = 0; trial < trials(); ++trial) {
    const auto own = static_cast<int64_t>(orders[static_cast<size_t>(trial)].size());
    const int64_t rows = rows_of_step(own, number);
    if (rows == 0) {
      open = open && own == 0 && options_.backend->stacks;
    } else if (open && parts.back().rows == rows &&
               variant(parts.back().trials.begin) == variant(trial)) {
      parts.back().trials.end = trial + 1;
    } else {
      parts.push_back({{trial, trial + 1}, rows});
      open = true;
    }
  }
  return parts;
}

std::unique_ptr<graph::Executable> DevicePass::make_executable(
    graph::Graph graph, std::span<const ValueId> keep) const {
  return std::make_unique<graph::Executable>(std::move(graph), keep, options_.batch_size,
                                             *options_.backend->kernels, context(),
                                             graph::Stack{trials(), options_.backend->stacks});
}

std::unique_ptr<graph::Executable> DevicePass::make_executable(Follower follower) const {
  auto executable = make_executable(std::move(follower.graph), {});
  for (const auto& [id, value] : follower.connected) {
    executable->bind(id, value.data, value.stride);
  }
  return executable;
}

void DevicePass::build_loader(int64_t state_words) {
  graph::Graph g;
  const ValueId counter = g.variable("counter", {Shape{1}, DType::kInt32});
  const ValueId order = g.input("order", {Shape{options_.rows}, DType::kInt32});
  const ValueId states =
      g.input("states", {Shape{steps(options_.rows), state_words}, DType::kUint32});
  step_ = g.apply(std::make_shared<ops::NextStepOp>(), {counter});
  state_ = g.apply(std::make_shared<ops::GatherOp>(), {states, step_});
  batch_rows_ = g.apply(std::make_shared<ops::BatchRowsOp>(options_.batch_size), {step_, order});
  std::vector<ValueId> keep = {step_, state_, batch_rows_};
  ResidentData::Nodes resident;
  if (options_.data) resident = options_.data->append(g, batch_rows_);
  gathered_ = resident.gathered;
  for (const ValueId id :
       {gathered_.features, gathered_.target, gathered_.weights, gathered_.items}) {
    if (id != kNoValue) keep.push_back(id);
  }
  loader_ = make_executable(std::move(g), keep);
  bind(*loader_, counter, memory_.counter());
  bind(*loader_, order, memory_.order());
  bind(*loader_, states, memory_.states());
  if (options_.data) options_.data->bind(*loader_, resident);
}

void DevicePass::bind_rows(graph::Executable& executable, const GraphInputs& inputs) const {
  const auto bind_part = [&](ValueId GraphInputs::*part) {
    if (inputs.*part == kNoValue || gathered_.*part == kNoValue) return;
    const Tensor value = loader_->tensor(gathered_.*part);
    executable.bind(inputs.*part, value.data, value.stride);
  };
  bind_part(&GraphInputs::features);
  bind_part(&GraphInputs::target);
  bind_part(&GraphInputs::weights);
  bind_part(&GraphInputs::items);
}

ValueId DevicePass::step_of(Follower& follower) const {
  return follower.input("step", *loader_, step_);
}

ValueId DevicePass::rows_of(Follower& follower) const {
  return follower.input("rows", *loader_, batch_rows_);
}

void DevicePass::prepare(size_t trial, std::span<const int64_t> order, const Steps& open) {
  const auto number = static_cast<int64_t>(trial);
  const PassMemory::Told told = memory_.write(number);
  write_states(trial, static_cast<int64_t>(order.size()), open, told.states);
  std::transform(order.begin(), order.end(), told.order,
                 [](int64_t row) { return static_cast<int32_t>(row); });
  memory_.bring(number);
}

void DevicePass::prepare_all(std::span<const std::span<const int64_t>> orders) {
  for (size_t trial = 0; trial < orders.size(); ++trial) {
    const std::span<const int64_t> there = ahead_[trial];
    const std::span<const int64_t> order = orders[trial];
    const bool is_there = there.data() == order.data() && there.size() == order.size();
    if (!order.empty() && !is_there) prepare(trial, order, {});
  }
  memory_.begin();
  forget_ahead();
}

void DevicePass::forget_ahead() { std::fill(ahead_.begin(), ahead_.end(), std::span<int64_t>()); }

// One trial after the other, as many as there is a share of steps for: the device has steps to
// compute all the while, and what is brought to it finds its buffers free.
void DevicePass::prepare_ahead(std::span<const std::span<const int64_t>> orders,
                               const NextOrder& next, const Steps& open) {
  const auto share = static_cast<size_t>(trials() * open.begin / open.end);
  for (; looked_ahead_ < share; ++looked_ahead_) {
    const size_t trial = looked_ahead_;
    if (orders[trial].empty()) continue;
    const std::span<const int64_t> order = next(trial);
    if (order.empty()) continue;
    const int64_t end = steps(static_cast<int64_t>(orders[trial].size()));
    prepare(trial, order, {std::min(open.begin, end), end});
    ahead_[trial] = order;
  }
}

double DevicePass::run(std::span<const std::span<const int64_t>> orders, const NextOrder& next) {
  size_t most = 0;
  for (const auto& order : orders) most = std::max(most, order.size());
  const Stopwatch watch;
  prepare_all(orders);
  double seconds = watch.seconds();
  looked_ahead_ = 0;
  const int64_t end = steps(static_cast<int64_t>(most));
  for (int64_t number = 0; number < end; ++number) {
    if (!options_.data) {
      const Stopwatch gathering;
      fill(orders, number);
      seconds += gathering.seconds();
    }
    for (const Part& part : parts_of_step(orders, number)) run_step(part);
    if (next && memory_.is_ahead()) prepare_ahead(orders, next, {number + 1, end});
  }
  return seconds;
}

void DevicePass::fill(std::span<const std::span<const int64_t>> orders, int64_t number) {
  for (size_t trial = 0; trial < orders.size(); ++trial) {
    const int64_t rows = rows_of_step(static_cast<int64_t>(orders[trial].size()), number);
    if (rows == 0) continue;
    const auto copy = static_cast<int64_t>(trial);
    options_.batch->fill(orders[trial].subspan(static_cast<size_t>(number * options_.batch_size),
                                               static_cast<size_t>(rows)),
                         feed_pass(copy), copy);
  }
}

void DevicePass::run_step(const Part& part) {
  const auto launch = [&] {
    loader_->launch(part.rows, part.trials);
    launch_step(part);
  };
  const int64_t kind = variant(part.trials.begin);
  if (kind < 0) {
    launch();
  } else {
    const int64_t copies = part.trials.begin * (trials() + 1) + part.trials.end;
    const int64_t rows = kind * (options_.batch_size + 1) + part.rows;
    context().replay(recordings_.of(rows * (trials() + 1) * (trials() + 1) + copies), launch);
  }
  has_started(part);
}

}  // namespace mlrun::train
