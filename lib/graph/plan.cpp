#include "graph/plan.h"

#include <algorithm>
#include <numeric>

#include "base/divide.h"

namespace mlrun::graph {
namespace {

int64_t padded(int64_t bytes) { return round_up(bytes, kAlignment); }

// A block of memory that one or more values use one after the other (views, in-place results).
struct Block {
  int64_t bytes = 0;
  int32_t first = 0;
  int32_t last = 0;
  int64_t offset = 0;
};

class Planner {
 public:
  Planner(const Graph& graph, std::span<const ValueId> keep, int64_t max_batch, Target target)
      : graph_(graph),
        target_(target),
        block_of_(graph.values().size(), -1),
        last_use_(graph.values().size(), -1) {
    plan_.max_batch = max_batch;
    plan_.placements.resize(graph.values().size());
    find_last_uses(keep);
  }

  Plan run() {
    for (size_t id = 0; id < graph_.values().size(); ++id) {
      if (graph_.values()[id].role != Role::kIntermediate) {
        plan_.placements[id] = {Placement::Kind::kExternal, 0, static_cast<ValueId>(id)};
      }
    }
    int64_t workspace = 0;
    for (size_t i = 0; i < graph_.nodes().size(); ++i) {
      const Node& node = graph_.nodes()[i];
      const std::vector<TensorType> inputs = graph_.types(node.inputs);
      workspace = std::max(workspace, workspace_of(*node.op, inputs));
      if (!node.op->is_view()) {
        plan_.cost += node.op->cost(inputs, graph_.types(node.outputs), plan_.max_batch);
      }
      for (size_t j = 0; j < node.outputs.size(); ++j) {
        place(node, static_cast<int>(j), static_cast<int32_t>(i));
      }
    }
    pack();
    plan_.workspace_offset = plan_.arena_bytes;
    plan_.arena_bytes += padded(workspace);
    return std::move(plan_);
  }

 private:
  int64_t workspace_of(const Op& op, std::span<const TensorType> inputs) const {
    return target_ == Target::kGpu ? op.gpu_workspace_bytes(inputs, plan_.max_batch)
                                   : op.workspace_bytes(inputs, plan_.max_batch);
  }

  void find_last_uses(std::span<const ValueId> keep) {
    const auto end = static_cast<int32_t>(graph_.nodes().size());
    for (int32_t i = 0; i < end; ++i) {
      const Node& node = graph_.nodes()[static_cast<size_t>(i)];
      for (const ValueId input : node.inputs) last_use_[static_cast<size_t>(input)] = i;
      for (const ValueId output : node.outputs) last_use_[static_cast<size_t>(output)] = i;
    }
    for (const ValueId id : keep) last_use_[static_cast<size_t>(id)] = end;
  }

  void place(const Node& node, int output, int32_t now) {
    const ValueId id = node.outputs[static_cast<size_t>(output)];
    Placement& placement = plan_.placements[static_cast<size_t>(id)];
    const ValueId shared = shared_input(node, output, now);
    if (shared != kNoValue) {
      placement = plan_.placements[static_cast<size_t>(shared)];
      const int32_t block = block_of_[static_cast<size_t>(shared)];
      block_of_[static_cast<size_t>(id)] = block;
      if (block >= 0) {
        Block& b = blocks_[static_cast<size_t>(block)];
        b.last = std::max(b.last, last_use_[static_cast<size_t>(id)]);
      }
      return;
    }
    placement.kind = Placement::Kind::kArena;
    block_of_[static_cast<size_t>(id)] = static_cast<int32_t>(blocks_.size());
    const int64_t bytes = padded(graph_.value(id).type.bytes(plan_.max_batch));
    blocks_.push_back({bytes, now, last_use_[static_cast<size_t>(id)], 0});
    plan_.unshared_bytes += bytes;
  }

  // The input whose memory the output takes over, or kNoValue.
  ValueId shared_input(const Node& node, int output, int32_t now) {
    if (node.op->is_view()) return node.inputs[0];
    const TensorType& type = graph_.value(node.outputs[static_cast<size_t>(output)]).type;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId input = node.inputs[i];
      const int32_t block = block_of_[static_cast<size_t>(input)];
      if (block < 0 || !may_overwrite_all(node, output, block)) continue;
      const bool dies_here = blocks_[static_cast<size_t>(block)].last == now;
      const bool same_size = graph_.value(input).type.bytes(1) == type.bytes(1) &&
                             graph_.value(input).type.bytes(2) == type.bytes(2);
      if (dies_here && same_size && !taken_by_sibling(node, output, block)) return input;
    }
    return kNoValue;
  }

  // An input and views of it may all be operands.
  bool may_overwrite_all(const Node& node, int output, int32_t block) const {
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (block_of_[static_cast<size_t>(node.inputs[i])] != block) continue;
      if (!node.op->may_overwrite(static_cast<int>(i), output)) return false;
    }
    return true;
  }

  bool taken_by_sibling(const Node& node, int output, int32_t block) const {
    for (int j = 0; j < output; ++j) {
      if (block_of_[static_cast<size_t>(node.outputs[static_cast<size_t>(j)])] == block)
        return true;
    }
    return false;
  }

  // Largest first, each at the lowest offset that is free for its whole life.
  void pack() {
    std::vector<size_t> order(blocks_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return blocks_[a].bytes > blocks_[b].bytes; });
    std::vector<const Block*> placed;
    for (const size_t index : order) {
      Block& block = blocks_[index];
      block.offset = lowest_free_offset(block, placed);
      plan_.arena_bytes = std::max(plan_.arena_bytes, block.offset + block.bytes);
      placed.push_back(&block);
      std::inplace_merge(placed.begin(), placed.end() - 1, placed.end(),
                         [](const Block* a, const Block* b) { return a->offset < b->offset; });
    }
    for (size_t id = 0; id < block_of_.size(); ++id) {
      if (block_of_[id] >= 0) {
        plan_.placements[id].offset = blocks_[static_cast<size_t>(block_of_[id])].offset;
      }
    }
  }

  static int64_t lowest_free_offset(const Block& block, const std::vector<const Block*>& placed) {
    int64_t offset = 0;
    for (const Block* other : placed) {
      const bool together = block.first <= other->last && other->first <= block.last;
      if (!together) continue;
      if (offset + block.bytes <= other->offset) break;
      offset = std::max(offset, other->offset + other->bytes);
    }
    return offset;
  }

  const Graph& graph_;
  Target target_;
  Plan plan_;
  std::vector<Block> blocks_;
  std::vector<int32_t> block_of_;
  std::vector<int32_t> last_use_;
};

}  // namespace

Plan make_plan(const Graph& graph, std::span<const ValueId> keep, int64_t max_batch,
               Target target) {
  return Planner(graph, keep, max_batch, target).run();
}

}  // namespace mlrun::graph
