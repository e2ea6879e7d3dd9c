#include "graph/executable.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "base/clock.h"

namespace mlrun::graph {
namespace {

void free_arena(std::byte* memory) { ::operator delete[](memory, std::align_val_t(kAlignment)); }

std::byte* allocate_arena(int64_t bytes) {
  const auto size = static_cast<size_t>(std::max<int64_t>(bytes, kAlignment));
  auto* memory = static_cast<std::byte*>(::operator new[](size, std::align_val_t(kAlignment)));
  std::memset(memory, 0, size);
  return memory;
}

}  // namespace

Executable::Executable(Graph graph, std::span<const ValueId> keep, int64_t max_batch,
                       const KernelTable& kernels)
    : graph_(std::move(graph)),
      plan_(make_plan(graph_, keep, max_batch)),
      bound_(graph_.values().size(), nullptr),
      arena_(allocate_arena(plan_.arena_bytes), free_arena) {
  for (size_t i = 0; i < graph_.nodes().size(); ++i) {
    const Node& node = graph_.nodes()[i];
    if (node.op->is_view()) continue;
    Step step;
    step.op = node.op.get();
    step.kernel = kernels.at(node.op->name());
    step.node = i;
    step.in_begin = views_.size();
    step.in_count = node.inputs.size();
    add_views(node.inputs);
    step.out_begin = views_.size();
    step.out_count = node.outputs.size();
    add_views(node.outputs);
    steps_.push_back(step);
  }
}

void Executable::add_views(std::span<const ValueId> ids) {
  for (const ValueId id : ids) {
    view_ids_.push_back(id);
    views_.push_back({nullptr, {}, graph_.value(id).type.dtype});
  }
}

void Executable::bind(ValueId id, void* memory) {
  bound_[static_cast<size_t>(id)] = memory;
  rebind_ = true;
}

void* Executable::address(ValueId id) const {
  const Placement& place = plan_.placements[static_cast<size_t>(id)];
  if (place.kind == Placement::Kind::kArena) return arena_.get() + place.offset;
  return bound_[static_cast<size_t>(place.external)];
}

void Executable::resize(int64_t batch) {
  if (batch > plan_.max_batch) {
    throw Error(fmt::format("batch of {} exceeds the plan's {}", batch, plan_.max_batch));
  }
  for (size_t i = 0; i < views_.size(); ++i) {
    views_[i].data = address(view_ids_[i]);
    views_[i].shape = graph_.shape(view_ids_[i]).with_batch(batch);
    if (!views_[i].data) {
      throw Error(fmt::format("'{}' is not bound", graph_.value(view_ids_[i]).name));
    }
  }
  batch_ = batch;
  rebind_ = false;
}

void Executable::run(device::Context& context, int64_t batch) {
  if (batch != batch_ || rebind_) resize(batch);
  if (profiling_) return run_profiled(context);
  for (const Step& step : steps_) run_step(step, context);
}

void Executable::run_profiled(device::Context& context) {
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
    run_step(steps_[i], context);
    times_[i].seconds += watch.seconds();
    ++times_[i].calls;
    times_[i].cost += costs_[i];
  }
}

void Executable::run_step(const Step& step, device::Context& context) {
  const std::span<const Tensor> views(views_);
  step.kernel({*step.op, views.subspan(step.in_begin, step.in_count),
               views.subspan(step.out_begin, step.out_count), context,
               arena_.get() + plan_.workspace_offset});
}

Tensor Executable::tensor(ValueId id) const {
  const Value& value = graph_.value(id);
  return {address(id), value.type.shape.with_batch(std::max<int64_t>(batch_, 0)), value.type.dtype};
}

void Executable::set_profiling(bool on) {
  profiling_ = on;
  times_.clear();
  if (!on) return;
  for (const Step& step : steps_) times_.push_back({&graph_.nodes()[step.node], 0, 0, {}});
}

std::vector<NodeTime> Executable::profile() const { return times_; }

}  // namespace mlrun::graph
