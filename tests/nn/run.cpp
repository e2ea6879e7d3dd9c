#include "nn/run.h"

#include <algorithm>
#include <bit>

#include "device/cpu_context.h"
#include "graph/executable.h"
#include "nn/component.h"
#include "ops/cpu_kernels.h"
#include "ops/functions.h"

namespace mlrun::nn::testing {
namespace {

// A graph with memory for everything that has to be bound.
class Runner {
 public:
  ValueId input(const std::string& name, const Values& values) {
    std::vector<int64_t> dims = values.dims;
    batch_ = dims[0];
    dims[0] = kBatch;
    return bind(graph.input(name, {Shape(dims)}), values.elements);
  }

  /// The same for values without a batch.
  ValueId whole_input(const std::string& name, const Values& values) {
    batch_ = 1;
    return bind(graph.input(name, {Shape(values.dims)}), values.elements);
  }

  ValueId integers(const std::string& name, const std::vector<int32_t>& values) {
    std::vector<float> words;
    for (const int32_t value : values) words.push_back(std::bit_cast<float>(value));
    return bind(graph.input(name, {Shape{kBatch}, DType::kInt32}), std::move(words));
  }

  /// As bind; the number of elements says how large the batch is.
  void bind_batch(ValueId id, const std::vector<float>& elements) {
    batch_ = static_cast<int64_t>(elements.size()) / graph.shape(id).sample_elements();
    bind(id, elements);
  }

  ValueId bind(ValueId id, std::vector<float> elements) {
    elements.resize(static_cast<size_t>(graph.shape(id).elements(batch_)) + 1);
    memory_.emplace_back(id, std::move(elements));
    return id;
  }

  /// Runs with these values kept (kNoValue is skipped) and returns them.
  std::vector<std::vector<float>> run(const std::vector<ValueId>& wanted) {
    std::vector<ValueId> keep;
    for (const ValueId id : wanted) {
      if (id != graph::kNoValue) keep.push_back(id);
    }
    device::CpuContext context(1);
    graph::Executable executable(graph, keep, batch_, ops::cpu_kernels(), context);
    for (auto& [id, elements] : memory_) executable.bind(id, elements.data());
    executable.run(batch_);
    std::vector<std::vector<float>> results;
    for (const ValueId id : wanted) {
      if (id == graph::kNoValue) {
        results.emplace_back();
        continue;
      }
      const Tensor t = executable.tensor(id);
      results.emplace_back(t.f32(), t.f32() + t.elements());
    }
    return results;
  }

  graph::Graph graph;

 private:
  int64_t batch_ = 0;
  std::vector<std::pair<ValueId, std::vector<float>>> memory_;
};

}  // namespace

namespace {

// The input of a layer, and the nodes that it is at, if it is.
ValueId layer_input(Runner& r, Builder& b, const LayerInputs& inputs) {
  if (!inputs.adjacency) return r.input("x", inputs.x);
  Nodes nodes{inputs.adjacency};
  if (inputs.graphs.empty()) {
    b.set_nodes(nodes);
    return r.whole_input("x", inputs.x);
  }
  const ValueId x = r.input("x", inputs.x);
  nodes.graph = r.integers("graphs", inputs.graphs);
  b.set_mask(x, ops::node_mask(r.graph, inputs.adjacency, nodes.graph));
  b.set_nodes(nodes);
  return x;
}

}  // namespace

Results run_layer(const Layer& layer, const LayerInputs& inputs) {
  Runner r;
  Builder b(r.graph, inputs.training);
  const ValueId x = layer_input(r, b, inputs);
  std::vector<ValueId> xs = {x};
  if (inputs.other) xs.push_back(r.input("other", *inputs.other));
  if (inputs.mask) b.set_mask(xs.back(), r.input("mask", *inputs.mask));
  const ValueId y = b.add("layer", "", layer, xs);
  std::vector<ValueId> wanted = {y};
  std::vector<ValueId> trainable;
  for (size_t i = 0; i < b.variables().size(); ++i) {
    const Variable& v = b.variables()[i];
    r.bind(v.value, i < inputs.weights.size() ? inputs.weights[i] : std::vector<float>());
    if (v.trainable) trainable.push_back(v.value);
  }
  if (b.random_state_or_none() != graph::kNoValue) {
    r.bind(b.random_state(), {1.0f, 2.0f, 3.0f, 0.0f});  // any bits
  }
  if (!inputs.dy.empty()) {
    const ValueId dy = r.bind(r.graph.input("dy", r.graph.value(y).type), inputs.dy);
    std::vector<ValueId> wrt = xs;
    wrt.insert(wrt.end(), trainable.begin(), trainable.end());
    const std::vector<ValueId> grads = graph::differentiate(
        r.graph, ops::sum(r.graph, ops::mul(r.graph, dy, y)), wrt, ops::autodiff_ops());
    wanted.insert(wanted.end(), grads.begin(), grads.end());
  }
  const size_t first_weight = wanted.size();
  for (const Variable& v : b.variables()) wanted.push_back(v.value);
  const std::vector<std::vector<float>> values = r.run(wanted);
  Results results;
  results.shape = r.graph.shape(y);
  results.y = values[0];
  if (first_weight > 1) {
    results.dx = values[1];
    if (inputs.other) results.dother = values[2];
    results.dweights.assign(values.begin() + 1 + static_cast<long>(xs.size()),
                            values.begin() + static_cast<long>(first_weight));
  }
  results.weights.assign(values.begin() + static_cast<long>(first_weight), values.end());
  return results;
}

Results run_loss(const Loss& loss, const Values& x, const std::vector<float>& target,
                 const std::string& activation) {
  Runner r;
  const ValueId in = r.input("x", x);
  ValueId prediction = in;
  if (!activation.empty()) {
    prediction = component<Activation>(activation_catalog(), activation)->build(r.graph, in);
  }
  ValueId y = graph::kNoValue;
  if (loss.target_kind() == TargetKind::kLabels) {
    std::vector<int64_t> labelled(x.dims.begin(), x.dims.end() - 1);
    labelled[0] = kBatch;
    y = r.graph.input("target", {Shape(labelled), DType::kInt32});
    std::vector<float> labels;
    for (const float label : target) {
      labels.push_back(std::bit_cast<float>(static_cast<int32_t>(label)));
    }
    r.bind(y, std::move(labels));
  } else {
    y = r.bind(r.graph.input("target", r.graph.value(in).type), target);
  }
  const ValueId per_sample = loss.per_sample(r.graph, prediction, y);
  const ValueId wrt[] = {in};
  const ValueId dx =
      graph::differentiate(r.graph, ops::sum(r.graph, per_sample), wrt, ops::autodiff_ops())[0];
  std::vector<ValueId> wanted = {per_sample, dx};
  const ValueId counts = loss.counted(r.graph, prediction, y);
  if (counts != graph::kNoValue) wanted.push_back(counts);
  std::vector<std::vector<float>> values = r.run(wanted);
  values.resize(3);
  return {r.graph.shape(per_sample), values[0], values[1], {}, {}, {}, values[2]};
}

Results run_views(const ContrastiveLoss& loss, const Values& a, const Values& b) {
  Runner r;
  const ValueId views[] = {r.input("a", a), r.input("b", b)};
  const ValueId per_pair = loss.per_pair(r.graph, views[0], views[1]);
  const std::vector<ValueId> grads =
      graph::differentiate(r.graph, ops::sum(r.graph, per_pair), views, ops::autodiff_ops());
  const std::vector<std::vector<float>> values = r.run({per_pair, grads[0], grads[1]});
  return {r.graph.shape(per_pair), values[0], values[1], values[2], {}, {}, {}};
}

std::vector<float> run_graph(const graph::Graph& graph, ValueId in,
                             const std::vector<float>& elements, ValueId wanted) {
  Runner r;
  r.graph = graph;
  r.bind_batch(in, elements);
  return r.run({wanted})[0];
}

}  // namespace mlrun::nn::testing
