// Runs one layer or loss forward and backward.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nn/contrastive.h"
#include "nn/layer.h"
#include "nn/losses.h"
#include "ops/sparse/aggregate.h"

namespace mlrun::nn::testing {

/// Dense numbers; the first dimension of a layer's input is its batch, but for nodes of one graph.
struct Values {
  std::vector<int64_t> dims;
  std::vector<float> elements;
};

struct Results {
  Shape shape;  ///< of y
  std::vector<float> y;
  std::vector<float> dx;      ///< of sum(dy y); empty where y does not depend on x smoothly
  std::vector<float> dother;  ///< of the second input
  std::vector<std::vector<float>> dweights;  ///< of the trainable weights
  std::vector<std::vector<float>> weights;   ///< all, as the run left them
  std::vector<float> counts = {};            ///< of a loss: labels of each sample, if they differ
};

struct LayerInputs {
  Values x;
  std::vector<std::vector<float>> weights;  ///< in the layer's order; missing ones are 0
  std::vector<float> dy;                    ///< empty: no backward pass
  bool training = true;
  std::optional<Values> other = {};  ///< a second input
  std::optional<Values> mask = {};   ///< (N, T) of the last input
  ops::AdjacencyPtr adjacency = {};  ///< x is (V, C) at the nodes of one graph, or of many:
  std::vector<int32_t> graphs = {};  ///< which graph each sample of x (N, V, C) is
};

Results run_layer(const Layer& layer, const LayerInputs& inputs);

/// Loss per sample (labels are as many as x has rows of scores) and the gradient of its sum;
/// `activation` ("" for none) is the model's last.
Results run_loss(const Loss& loss, const Values& x, const std::vector<float>& target,
                 const std::string& activation = "");

/// The loss of each pair of views, and the gradients of its sum by both.
Results run_views(const ContrastiveLoss& loss, const Values& a, const Values& b);

/// What a graph of one input or variable makes of these elements.
std::vector<float> run_graph(const graph::Graph& graph, ValueId in,
                             const std::vector<float>& elements, ValueId wanted);

}  // namespace mlrun::nn::testing
