#include "ops/device_run.h"

#include <algorithm>

#include "graph/plan.h"

namespace mlrun::ops::testing {
namespace {

using graph::Node;
using graph::Placement;
using graph::ValueId;

constexpr int64_t kAlignment = 256;

int64_t rounded(int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// The copies of a stack, one behind the other.
struct Block {
  device::Memory memory;
  int64_t stride = 0;

  Block(device::Context& context, int64_t bytes, int64_t copies)
      : memory(context.allocate(rounded(bytes) * copies)), stride(rounded(bytes)) {}

  std::byte* copy(int64_t k) const { return memory.get() + k * stride; }
};

class Stack {
 public:
  Stack(const DeviceRun& run, std::span<const Words> memory)
      : run_(run),
        copies_(static_cast<int64_t>(memory.size())),
        plan_(graph::make_plan(run.graph, run.keep, run.max_batch, run.kernels.target())),
        arena_(run.context, plan_.workspace_offset, copies_),
        workspace_(run.context.allocate((plan_.arena_bytes - plan_.workspace_offset) * copies_)) {
    for (size_t i = 0; i < run.inputs.size(); ++i) {
      const auto bytes = static_cast<int64_t>(memory[0][i].size() * sizeof(float));
      inputs_.emplace_back(run.context, bytes, copies_);
      for (int64_t k = 0; k < copies_; ++k) {
        run.context.upload(inputs_[i].copy(k), memory[static_cast<size_t>(k)][i].data(), bytes);
      }
    }
  }

  void launch(int64_t batch) const {
    for (const Node& node : run_.graph.nodes()) {
      if (node.op->is_view()) continue;
      const std::vector<Tensor> in = views(node.inputs, batch);
      const std::vector<Tensor> out = views(node.outputs, batch);
      run_.kernels.at(node.op->name())(
          {*node.op, in, out, run_.context, workspace_.get(), copies_});
    }
  }

  Words results(int64_t k) const {
    Words words;
    for (const Tensor& x : views(run_.keep, run_.batch)) {
      words.emplace_back(static_cast<size_t>(x.elements()));
      run_.context.download(words.back().data(), static_cast<std::byte*>(x.data) + k * x.stride,
                            x.elements() * size_of(x.dtype));
    }
    return words;
  }

 private:
  const Block& block(const Placement& place) const {
    if (place.kind == Placement::Kind::kArena) return arena_;
    const auto found = std::find(run_.inputs.begin(), run_.inputs.end(), place.external);
    return inputs_[static_cast<size_t>(found - run_.inputs.begin())];
  }

  std::vector<Tensor> views(std::span<const ValueId> ids, int64_t batch) const {
    std::vector<Tensor> tensors;
    for (const ValueId id : ids) {
      const Placement& place = plan_.placements[static_cast<size_t>(id)];
      const TensorType& type = run_.graph.value(id).type;
      tensors.push_back({block(place).copy(0) + place.offset, type.shape.with_batch(batch),
                         type.dtype, block(place).stride});
    }
    return tensors;
  }

  const DeviceRun& run_;
  int64_t copies_;
  graph::Plan plan_;
  Block arena_;
  device::Memory workspace_;  ///< of all copies, side by side
  std::vector<Block> inputs_;
};

}  // namespace

std::vector<Words> DeviceRun::operator()(std::span<const Words> memory) const {
  const Stack stack(*this, memory);
  if (max_batch > batch) stack.launch(max_batch);
  stack.launch(batch);
  std::unique_ptr<device::Recording> recording;
  for (int i = 0; i < replays; ++i) context.replay(recording, [&] { stack.launch(batch); });
  std::vector<Words> results;
  for (size_t k = 0; k < memory.size(); ++k) results.push_back(stack.results(int64_t(k)));
  return results;
}

bool has(const graph::KernelTable& kernels, std::string_view op) {
  return std::ranges::find(kernels.rows(), op, &graph::KernelTable::Row::op) !=
         kernels.rows().end();
}

bool has_all(const graph::KernelTable& kernels, const graph::Graph& graph) {
  return std::ranges::all_of(graph.nodes(), [&](const Node& node) {
    return node.op->is_view() || has(kernels, node.op->name());
  });
}

}  // namespace mlrun::ops::testing
