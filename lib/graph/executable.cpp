#include "graph/executable.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"

namespace mlrun::graph {
namespace {

bool are_alike(const Graph& a, const Graph& b) {
  const auto alike = [](const Node& x, const Node& y) {
    return x.op->name() == y.op->name() && x.inputs == y.inputs && x.outputs == y.outputs &&
           x.op->varying().size() == y.op->varying().size();
  };
  return std::equal(a.nodes().begin(), a.nodes().end(), b.nodes().begin(), b.nodes().end(), alike);
}

}  // namespace

Executable::Executable(Graph graph, std::span<const ValueId> keep, int64_t max_batch,
                       const KernelTable& kernels, device::Context& context, Stack stack)
    : graph_(std::move(graph)),
      plan_(make_plan(graph_, keep, max_batch, kernels.target())),
      bound_(graph_.values().size()),
      context_(context),
      stack_(stack),
      arena_(context.allocate(plan_.arena_bytes * stack.copies)),
      copy_recordings_(static_cast<size_t>(stack.copies)) {
  for (size_t i = 0; i < graph_.nodes().size(); ++i) {
    const Node& node = graph_.nodes()[i];
    if (node.op->is_view()) continue;
    Step step;
    step.op = node.op.get();
    step.kernel = kernels.at(node.op->name());
    step.node = i;
    step.in_begin = view_ids_.size();
    step.in_count = node.inputs.size();
    add_views(node.inputs);
    step.out_begin = view_ids_.size();
    step.out_count = node.outputs.size();
    add_views(node.outputs);
    steps_.push_back(step);
  }
  views_.resize(view_ids_.size() * static_cast<size_t>(stack_.copies));
}

void Executable::add_views(std::span<const ValueId> ids) {
  view_ids_.insert(view_ids_.end(), ids.begin(), ids.end());
}

void Executable::bind(ValueId id, void* memory, int64_t stride) {
  bound_[static_cast<size_t>(id)] = {static_cast<std::byte*>(memory), stride};
  rebind_ = true;
}

void Executable::vary(std::span<const Graph* const> others) {
  others_.clear();
  for (const Graph* other : others) {
    if (!are_alike(graph_, *other)) throw Error("the copies of a stack are not of one graph");
    others_.push_back(other->nodes());
  }
  for (Step& step : steps_) {
    const std::vector<float> first = step.op->varying();
    step.varied = first;
    bool differ = false;
    for (const std::vector<Node>& nodes : others_) {
      const std::vector<float> own = nodes[step.node].op->varying();
      differ = differ || own != first;
      step.varied.insert(step.varied.end(), own.begin(), own.end());
    }
    if (!differ) step.varied.clear();
  }
}

const Op& Executable::op(const Step& step, int64_t copy) const {
  if (copy == 0 || step.varied.empty()) return *step.op;
  return *others_[static_cast<size_t>(copy) - 1][step.node].op;
}

// The values of all copies come first, then their scratch memory: a kernel that computes a stack
// at once finds the copies' scratch side by side.
Executable::Place Executable::place(ValueId id) const {
  const Placement& placement = plan_.placements[static_cast<size_t>(id)];
  if (placement.kind != Placement::Kind::kArena) {
    return bound_[static_cast<size_t>(placement.external)];
  }
  return {arena_.get() + placement.offset, stack_.copies > 1 ? plan_.workspace_offset : 0};
}

void Executable::resize(int64_t batch) {
  if (batch > plan_.max_batch) {
    throw Error(fmt::format("batch of {} exceeds the plan's {}", batch, plan_.max_batch));
  }
  const size_t count = view_ids_.size();
  for (size_t i = 0; i < views_.size(); ++i) {
    const ValueId id = view_ids_[i % count];
    const Value& value = graph_.value(id);
    const Place at = place(id);
    if (!at.memory) throw Error(fmt::format("'{}' is not bound", value.name));
    views_[i] = {at.memory + static_cast<int64_t>(i / count) * at.stride,
                 value.type.shape.with_batch(batch), value.type.dtype, at.stride};
  }
  if (rebind_) {
    recordings_.clear();
    for (device::Recordings& of_copy : copy_recordings_) of_copy.clear();
  }
  batch_ = batch;
  rebind_ = false;
}

void Executable::run(int64_t batch) {
  if (batch != batch_ || rebind_) resize(batch);
  if (profiling_) return run_profiled(all());
  context_.replay(recordings_.of(batch), [&] { run_steps(all()); });
}

void Executable::launch(int64_t batch, const Copies& copies) {
  if (batch != batch_ || rebind_) resize(batch);
  if (profiling_) return run_profiled(copies);
  run_steps(copies);
}

void Executable::run_copy(int64_t copy, int64_t batch) {
  if (batch != batch_ || rebind_) resize(batch);
  device::Recordings& recordings = copy_recordings_[static_cast<size_t>(copy)];
  context_.replay(recordings.of(batch), [&] { run_steps({copy, copy + 1}); });
}

// Copy by copy each is run through before the next, so that its values stay in cache.
void Executable::run_steps(const Copies& copies) {
  if (stack_.at_once) {
    for (const Step& step : steps_) call_kernel(step, copies);
    return;
  }
  for (int64_t copy = copies.begin; copy < copies.end; ++copy) {
    for (const Step& step : steps_) call_kernel(step, {copy, copy + 1});
  }
}

void Executable::run_step(const Step& step, const Copies& copies) {
  if (stack_.at_once) return call_kernel(step, copies);
  for (int64_t copy = copies.begin; copy < copies.end; ++copy) call_kernel(step, {copy, copy + 1});
}

void Executable::run_profiled(const Copies& copies) {
  if (costs_batch_ != batch_) {
    costs_.clear();
    for (const Step& step : steps_) {
      const Node& node = graph_.nodes()[step.node];
      costs_.push_back(
          node.op->cost(graph_.types(node.inputs), graph_.types(node.outputs), batch_));
    }
    costs_batch_ = batch_;
  }
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Stopwatch watch;
    run_step(steps_[i], copies);
    wait();
    times_[i].seconds += watch.seconds();
    ++times_[i].calls;
    times_[i].cost += costs_[i];
  }
}

// A download is done when all that was asked before is.
void Executable::wait() {
  std::byte word{};
  if (!context_.memory_is_hosts()) context_.download(&word, arena_.get(), 1);
}

void Executable::call_kernel(const Step& step, const Copies& copies) {
  const int64_t scratch = plan_.arena_bytes - plan_.workspace_offset;
  const auto begin = static_cast<size_t>(copies.begin);
  const auto count = static_cast<size_t>(copies.end - copies.begin);
  const std::span<const Tensor> views(views_.data() + begin * view_ids_.size(), view_ids_.size());
  const size_t numbers = step.varied.size() / static_cast<size_t>(stack_.copies);
  step.kernel({op(step, copies.begin), views.subspan(step.in_begin, step.in_count),
               views.subspan(step.out_begin, step.out_count), context_,
               arena_.get() + stack_.copies * plan_.workspace_offset + copies.begin * scratch,
               copies.end - copies.begin,
               std::span(step.varied).subspan(begin * numbers, count * numbers)});
}

Tensor Executable::tensor(ValueId id, int64_t copy) const {
  const Value& value = graph_.value(id);
  const Place at = place(id);
  return {at.memory + copy * at.stride, value.type.shape.with_batch(std::max<int64_t>(batch_, 0)),
          value.type.dtype, at.stride};
}

void Executable::set_profiling(bool on) {
  profiling_ = on;
  times_.clear();
  if (!on) return;
  for (const Step& step : steps_) times_.push_back({&graph_.nodes()[step.node], 0, 0, {}});
}

std::vector<NodeTime> Executable::profile() const { return times_; }

}  // namespace mlrun::graph
