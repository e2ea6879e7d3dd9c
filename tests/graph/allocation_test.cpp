// A steady-state training step makes no heap allocation.
#include "allocation_counter.h"

#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "device/cpu_context.h"
#include "graph/executable.h"
#include "nn/component.h"
#include "nn/contrastive.h"
#include "ops/cpu_kernels.h"
#include "ops/functions.h"
#include "ops/fusion.h"
#include "ops/product/precision.h"
#include "ops/sparse/aggregate.h"

using namespace mlrun;
using graph::ValueId;
using mlrun::testing::AllocationCounter;

namespace {

struct Network {
  std::string name;
  Shape sample;
  std::vector<std::string> layers;  ///< before the last one
  int64_t batch;
  ops::Precision precision = ops::Precision::kFloat32;
  ops::AdjacencyPtr adjacency = {};  ///< samples are its first graph
  bool contrastive = false;
};

// A path of four nodes.
ops::AdjacencyPtr path() {
  const std::vector<ops::Arc> arcs = {{0, 1}, {1, 2}, {2, 3}, {3, 2}};
  return std::make_shared<ops::Adjacency>(ops::make_adjacency({0, 4}, arcs));
}

std::vector<Network> networks() {
  const auto dense = [](const std::string& units) {
    return std::vector<std::string>{"Dense: {units: " + units + ", activation: relu}",
                                    "BatchNormalization", "Dropout: 0.2"};
  };
  return {{"dense", {kBatch, 28}, dense("100"), 128},
          {"wide", {kBatch, 300}, dense("300"), 1400},
          {"bf16", {kBatch, 300}, dense("300"), 1400, ops::Precision::kBfloat16},
          {"float16", {kBatch, 300}, dense("300"), 1400, ops::Precision::kFloat16},
          {"convolutional",
           {kBatch, 14, 12, 3},
           {"RandomFlip", "Conv2D: {filters: 20, kernel_size: 3, activation: relu}", "MaxPooling2D",
            "DepthwiseConv2D: {kernel_size: 3, padding: same}",
            "Conv2D: {filters: 70, kernel_size: 3, strides: 2, padding: same}", "UpSampling2D",
            "Conv2DTranspose: {filters: 5, kernel_size: 3, strides: 2}", "GlobalAveragePooling2D"},
           64},
          {"graphs",
           {kBatch, 4, 3},
           {"GCNConv: 30", "GATConv: {units: 5, heads: 6, dropout: 0.2}",
            "SAGEConv: {units: 30, aggregator: max}", "GINConv: 30", "GlobalSumPool"},
           64,
           ops::Precision::kFloat32,
           path()},
          {"capsules",
           {kBatch, 6, 6, 4},
           {"Reshape: {target_shape: [-1, 8]}", "Activation: squash",
            "Capsule: {num_capsule: 10, dim_capsule: 5}", "Length", "RBF: 20"},
           64},
          {"contrastive", {kBatch, 28}, dense("100"), 256, ops::Precision::kFloat32, {}, true}};
}

// Forward, backward and Adam of a classifier.
class Training {
 public:
  Training(const Network& n, device::Context& context) {
    graph::Graph g;
    nn::Builder b(g, true);
    const ValueId x = g.input("x", {n.sample});
    const ValueId y = g.input("y", {Shape{kBatch, 1}});
    ValueId h = x;
    if (n.adjacency) {
      const ValueId which = g.input("which", {Shape{kBatch}, DType::kInt32});
      b.set_mask(x, ops::node_mask(g, n.adjacency, which));
      b.set_nodes({n.adjacency, which});
    }
    std::vector<std::string> layers = n.layers;
    layers.push_back("Dense: {units: 1, activation: sigmoid}");
    for (const std::string& yaml : layers) {
      h = b.add("layer" + std::to_string(g.values().size()), "", *nn::testing::layer(yaml),
                std::span(&h, 1));
    }
    const auto pairs = nn::testing::component<nn::ContrastiveLoss>(nn::loss_catalog(), "nt_xent");
    loss_ =
        ops::mean(g, n.contrastive ? pairs->per_pair(g, h, ops::scale(g, h, 2))
                                   : nn::testing::loss("binary_crossentropy")->per_sample(g, h, y));
    std::vector<ValueId> weights;
    for (const nn::Variable& v : b.variables()) {
      if (v.trainable) weights.push_back(v.value);
    }
    const std::vector<ValueId> grads = graph::differentiate(g, loss_, weights, ops::autodiff_ops());
    const optim::UpdateNode update = nn::testing::optimizer("Adam")->append(g, weights, grads);
    const ValueId keep[] = {loss_};
    g.prune(keep);
    ops::set_precision(g, n.precision);
    ops::fuse(g, keep);
    const auto values = g.values();
    executable_ = std::make_unique<graph::Executable>(std::move(g), keep, n.batch,
                                                      ops::cpu_kernels(), context);
    for (size_t id = 0; id < values.size(); ++id) {
      if (values[id].role == graph::Role::kIntermediate) continue;
      // Weights, data and targets alike: anything finite will do. Integers are 0.
      const float value = values[id].type.dtype == DType::kInt32 ? 0.0f : 0.01f;
      memory_.emplace_back(static_cast<size_t>(values[id].type.shape.elements(n.batch)), value);
      executable_->bind(static_cast<ValueId>(id), memory_.back().data());
    }
    state_ = {0.001f, 1};
    executable_->bind(update.state, state_.data());
  }

  void run(int64_t batch) { executable_->run(batch); }

  float loss() const { return executable_->tensor(loss_).f32()[0]; }

 private:
  std::unique_ptr<graph::Executable> executable_;
  std::vector<std::vector<float>> memory_;
  std::vector<float> state_;
  ValueId loss_ = graph::kNoValue;
};

}  // namespace

TEST_CASE("allocation: the counter counts" * doctest::skip(!AllocationCounter::available())) {
  const AllocationCounter counter;
  CHECK(counter.count() == 0);
  const auto memory = std::make_unique<std::vector<int>>(1000);
  const int64_t count = counter.count();
  CHECK(count == 2);
}

TEST_CASE("allocation: a training step makes none" *
          doctest::skip(!AllocationCounter::available())) {
  for (const Network& network : networks()) {
    for (const int threads : {1, 2}) {
      device::CpuContext context(threads);
      Training training(network, context);
      for (int i = 0; i < 3; ++i) training.run(network.batch);
      int64_t count = 0;
      {
        const AllocationCounter counter;
        for (int i = 0; i < 5; ++i) training.run(network.batch);
        training.run(network.batch / 2 + 1);  // the short batch at the end of an epoch
        count = counter.count();
      }
      INFO(network.name, ", ", threads, " threads");
      CHECK(count == 0);
      CHECK(std::isfinite(training.loss()));
    }
  }
}
