// What PyTorch computed for the same layers, losses and optimisers (tools/record-torch-vectors).
#include <doctest/doctest.h>

#include <array>
#include <fstream>
#include <map>
#include <sstream>

#include "device/cpu_context.h"
#include "graph/executable.h"
#include "nn/component.h"
#include "nn/run.h"
#include "ops/cpu_kernels.h"
#include "ops/harness.h"
#include "places.h"

using namespace mlrun;
using namespace mlrun::nn::testing;

namespace {

constexpr double kTolerance = 1e-4;

struct Recorded {
  std::string yaml;
  std::multimap<std::string, Values> arrays;

  const Values& one(const std::string& name) const { return arrays.find(name)->second; }

  std::vector<Values> all(const std::string& name) const {
    std::vector<Values> found;
    for (auto [at, end] = arrays.equal_range(name); at != end; ++at) found.push_back(at->second);
    return found;
  }
};

Values read_values(std::istringstream& line) {
  Values values;
  std::string dims;
  line >> dims;
  std::istringstream parts(dims);
  for (std::string dim; std::getline(parts, dim, ',');) values.dims.push_back(std::stoll(dim));
  for (float element; line >> element;) values.elements.push_back(element);
  return values;
}

// The recorded cases of a kind: "layer", "loss", "optimizer" or "views".
std::vector<Recorded> recorded(const std::string& kind) {
  std::ifstream file(test::tests_folder() / "nn/torch_vectors.txt");
  std::vector<Recorded> cases;
  bool wanted = false;
  for (std::string text; std::getline(file, text);) {
    std::istringstream line(text);
    std::string name;
    if (!(line >> name) || name == "#") continue;
    if (name == "layer" || name == "loss" || name == "optimizer" || name == "views") {
      wanted = name == kind;
      if (wanted) cases.push_back({text.substr(name.size() + 1), {}});
    } else if (wanted) {
      cases.back().arrays.emplace(name, read_values(line));
    }
  }
  REQUIRE(!cases.empty());
  return cases;
}

void check_close(const std::vector<float>& got, const Values& want) {
  REQUIRE(got.size() == want.elements.size());
  const std::vector<double> expected(want.elements.begin(), want.elements.end());
  CHECK(ops::testing::distance(got, expected, 1e-2) <= kTolerance);
}

// Of arcs (from, to, weight).
ops::AdjacencyPtr adjacency(const Values& arcs, int64_t nodes) {
  std::vector<ops::Arc> all;
  for (size_t i = 0; i < arcs.elements.size(); i += 3) {
    all.push_back({static_cast<int32_t>(arcs.elements[i]),
                   static_cast<int32_t>(arcs.elements[i + 1]), arcs.elements[i + 2]});
  }
  return std::make_shared<ops::Adjacency>(ops::make_adjacency({0, nodes}, all));
}

// The parameter after every step.
std::vector<float> run_optimizer(const optim::Optimizer& optimizer, std::vector<float> parameter,
                                 const Values& grads) {
  graph::Graph g;
  const Shape shape{grads.dims[1]};
  const graph::ValueId p = g.variable("p", {shape});
  const graph::ValueId grad = g.input("g", {shape});
  const optim::UpdateNode node = optimizer.append(g, std::array{p}, std::array{grad});
  device::CpuContext context(1);
  graph::Executable executable(g, {}, 1, ops::cpu_kernels(), context);
  const auto start = static_cast<float>(optimizer.initial_slot_value());
  std::vector<std::vector<float>> slots(node.slots.size(),
                                        std::vector<float>(parameter.size(), start));
  for (size_t i = 0; i < slots.size(); ++i) executable.bind(node.slots[i], slots[i].data());
  float state[2] = {};
  std::vector<float> elements = grads.elements;
  executable.bind(node.state, state);
  executable.bind(p, parameter.data());
  std::vector<float> steps;
  for (int64_t step = 0; step < grads.dims[0]; ++step) {
    state[0] = static_cast<float>(optimizer.learning_rate.at(step));
    state[1] = static_cast<float>(step + 1);
    executable.bind(grad, elements.data() + step * shape[0]);
    executable.run(1);
    steps.insert(steps.end(), parameter.begin(), parameter.end());
  }
  return steps;
}

}  // namespace

TEST_CASE("torch: layers, forward and backward") {
  for (const Recorded& c : recorded("layer")) {
    INFO(c.yaml);
    LayerInputs inputs{c.one("x"), {}, c.one("dy").elements};
    for (const Values& weight : c.all("weight")) inputs.weights.push_back(weight.elements);
    if (c.arrays.count("other") != 0) inputs.other = c.one("other");
    if (c.arrays.count("arcs") != 0) {
      inputs.adjacency = adjacency(c.one("arcs"), inputs.x.dims[0]);
    }
    if (c.arrays.count("mask") != 0) inputs.mask = c.one("mask");
    const Results results = run_layer(*layer(c.yaml), inputs);
    check_close(results.y, c.one("y"));
    if (inputs.other) check_close(results.dother, c.one("dother"));
    if (c.arrays.count("dx") != 0) check_close(results.dx, c.one("dx"));
    const std::vector<Values> dweights = c.all("dweight");
    REQUIRE(results.dweights.size() == dweights.size());
    for (size_t i = 0; i < dweights.size(); ++i) check_close(results.dweights[i], dweights[i]);
  }
}

TEST_CASE("torch: losses and their gradients") {
  for (const Recorded& c : recorded("loss")) {
    INFO(c.yaml);
    const Results results = run_loss(*loss(c.yaml), c.one("x"), c.one("target").elements);
    check_close(results.y, c.one("y"));
    check_close(results.dx, c.one("dx"));
  }
}

TEST_CASE("torch: losses of two views and their gradients") {
  for (const Recorded& c : recorded("views")) {
    INFO(c.yaml);
    const auto views = std::dynamic_pointer_cast<const nn::ContrastiveLoss>(loss(c.yaml));
    const Results results = run_views(*views, c.one("x"), c.one("other"));
    check_close(results.y, c.one("y"));
    check_close(results.dx, c.one("dx"));
    check_close(results.dother, c.one("dother"));
  }
}

TEST_CASE("torch: five steps of each optimiser") {
  for (const Recorded& c : recorded("optimizer")) {
    INFO(c.yaml);
    check_close(run_optimizer(*optimizer(c.yaml), c.one("x").elements, c.one("dy")), c.one("y"));
  }
}
