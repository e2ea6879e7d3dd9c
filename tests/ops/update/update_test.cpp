#include "ops/update/update.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "device/cpu_context.h"
#include "graph/executable.h"
#include "ops/cpu_kernels.h"
#include "ops/harness.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

constexpr int kUpdates = 5;
constexpr float kLearningRate = 0.01f;
constexpr int64_t kParameterCounts[] = {1, 7, 40000};  // the last is shared between threads

struct Parameter {
  Array value;
  std::vector<Array> slots;
};

double norm(const Array& x) {
  double sum = 0;
  for (const double v : x) sum += v * v;
  return std::sqrt(sum);
}

// As Keras does it: by element, by gradient, or all gradients together.
void clip(const UpdateSettings& s, std::vector<Array>& grads) {
  double all = 0;
  for (const Array& g : grads) all += std::pow(norm(g), 2);
  for (Array& g : grads) {
    double factor = 1;
    if (s.global_clipnorm > 0)
      factor = s.global_clipnorm / std::max<double>(std::sqrt(all), s.global_clipnorm);
    if (s.clipnorm > 0) factor = s.clipnorm / std::max<double>(norm(g), s.clipnorm);
    for (double& v : g) {
      v *= factor;
      if (s.clipvalue > 0) v = std::clamp<double>(v, -s.clipvalue, s.clipvalue);
    }
  }
}

// One element with its slots, after the formulas of Keras' optimisers.
void step_element(const UpdateSettings& s, int step, double g, double& p, std::span<double> slots) {
  const double lr = kLearningRate;
  const double b1 = s.beta_1;
  const double b2 = s.beta_2;
  p -= p * s.weight_decay * lr;
  switch (s.rule) {
    case UpdateRule::kSgd:
      if (s.momentum == 0) {
        p -= lr * g;
        return;
      }
      slots[0] = s.momentum * slots[0] - lr * g;
      p += s.nesterov ? s.momentum * slots[0] - lr * g : slots[0];
      return;
    case UpdateRule::kAdam: {
      const double alpha = lr * std::sqrt(1 - std::pow(b2, step)) / (1 - std::pow(b1, step));
      slots[0] += (g - slots[0]) * (1 - b1);
      slots[1] += (g * g - slots[1]) * (1 - b2);
      double v = slots[1];
      if (s.amsgrad) v = slots[2] = std::max(slots[2], v);
      p -= slots[0] * alpha / (std::sqrt(v) + s.epsilon);
      return;
    }
    case UpdateRule::kRmsprop: {
      slots[0] = b2 * slots[0] + (1 - b2) * g * g;
      double denominator = slots[0] + s.epsilon;
      if (s.centered) {
        double& mean = slots.back();
        mean = b2 * mean + (1 - b2) * g;
        denominator -= mean * mean;
      }
      double increment = lr * g / std::sqrt(denominator);
      if (s.momentum > 0) increment = slots[1] = s.momentum * slots[1] + increment;
      p -= increment;
      return;
    }
    case UpdateRule::kAdagrad:
      slots[0] += g * g;
      p -= lr * g / std::sqrt(slots[0] + s.epsilon);
      return;
  }
}

// Gradients that shrink from step to step, so that amsgrad remembers larger ones.
std::vector<Array> gradients(int step) {
  std::vector<Array> grads;
  for (const int64_t count : kParameterCounts) {
    const std::vector<float> g =
        draw({{count}, -2.0 / step, 2.0 / step}, count, static_cast<uint64_t>(100 * step + count));
    grads.emplace_back(g.begin(), g.end() - 1);
  }
  return grads;
}

std::vector<Parameter> start(const UpdateSettings& s) {
  std::vector<Parameter> all;
  for (const int64_t count : kParameterCounts) {
    const std::vector<float> p = draw({{count}}, count, static_cast<uint64_t>(count));
    const Array slot(static_cast<size_t>(count), s.rule == UpdateRule::kAdagrad ? 0.1f : 0.0f);
    all.push_back(
        {Array(p.begin(), p.end() - 1), std::vector<Array>(static_cast<size_t>(s.slots()), slot)});
  }
  return all;
}

std::vector<Array> reference(const UpdateSettings& s) {
  std::vector<Parameter> parameters = start(s);
  for (int step = 1; step <= kUpdates; ++step) {
    std::vector<Array> grads = gradients(step);
    clip(s, grads);
    for (size_t k = 0; k < parameters.size(); ++k) {
      Parameter& p = parameters[k];
      for (size_t i = 0; i < p.value.size(); ++i) {
        Array slots;
        for (const Array& slot : p.slots) slots.push_back(slot[i]);
        step_element(s, step, grads[k][i], p.value[i], slots);
        for (size_t j = 0; j < slots.size(); ++j) p.slots[j][i] = slots[j];
      }
    }
  }
  std::vector<Array> values;
  for (Parameter& p : parameters) values.push_back(std::move(p.value));
  return values;
}

// The same through the op.
std::vector<std::vector<float>> run(const UpdateSettings& s, const Backend& backend,
                                    device::Context& context) {
  Graph g;
  std::vector<ValueId> inputs = {g.input("state", {Shape{2}})};
  for (const int64_t count : kParameterCounts) {
    for (int k = 0; k < 2 + s.slots(); ++k) {
      inputs.push_back(g.variable("v" + std::to_string(inputs.size()), {Shape{count}}));
    }
  }
  g.apply_multi(std::make_shared<UpdateOp>(s), inputs);
  graph::Executable executable(g, {}, 1, *backend.kernels, context);
  const size_t group = 2 + static_cast<size_t>(s.slots());
  std::vector<std::vector<float>> memory(inputs.size());
  memory[0].resize(2);
  const std::vector<Parameter> parameters = start(s);
  for (size_t k = 0; k < parameters.size(); ++k) {
    const size_t at = 1 + k * group;
    memory[at].assign(parameters[k].value.begin(), parameters[k].value.end());
    memory[at + 1].resize(memory[at].size());
    for (size_t j = 2; j < group; ++j) {
      memory[at + j].assign(parameters[k].slots[j - 2].begin(), parameters[k].slots[j - 2].end());
    }
  }
  for (size_t i = 0; i < inputs.size(); ++i) executable.bind(inputs[i], memory[i].data());
  for (int step = 1; step <= kUpdates; ++step) {
    const std::vector<Array> grads = gradients(step);
    for (size_t k = 0; k < grads.size(); ++k) {
      std::copy(grads[k].begin(), grads[k].end(), memory[2 + k * group].begin());
    }
    memory[0] = {kLearningRate, static_cast<float>(step)};
    executable.run(1);
  }
  std::vector<std::vector<float>> values;
  for (size_t k = 0; k < parameters.size(); ++k) values.push_back(memory[1 + k * group]);
  return values;
}

void check_update(const std::string& name, const UpdateSettings& s) {
  INFO(name);
  const std::vector<Array> want = reference(s);
  for (const Backend& backend : backends()) {
    const std::vector<std::vector<float>> got = run(s, backend, *backend.contexts[0]);
    for (size_t k = 0; k < want.size(); ++k) CHECK(distance(got[k], want[k], 1.0) <= 1e-5);
    for (size_t c = 1; c < backend.contexts.size(); ++c) {
      CHECK_MESSAGE(run(s, backend, *backend.contexts[c]) == got, "more threads");
    }
  }
}

// A rule as it is, and with everything that goes along with any rule.
void check_rule(const std::string& name, const UpdateSettings& plain) {
  check_update(name, plain);
  UpdateSettings s = plain;
  s.clipvalue = 0.1f;
  check_update(name + " with clipvalue", s);
  s = plain;
  s.clipnorm = 0.5f;
  check_update(name + " with clipnorm", s);
  s = plain;
  s.global_clipnorm = 0.5f;
  check_update(name + " with global_clipnorm", s);
  s = plain;
  s.weight_decay = 0.1f;
  check_update(name + " with weight_decay", s);
}

}  // namespace

TEST_CASE("update: SGD") {
  UpdateSettings s{.rule = UpdateRule::kSgd};
  check_rule("SGD", s);
  s.momentum = 0.9f;
  check_rule("SGD with momentum", s);
  s.nesterov = true;
  check_rule("SGD with Nesterov's momentum", s);
}

TEST_CASE("update: Adam") {
  UpdateSettings s{.rule = UpdateRule::kAdam};
  check_rule("Adam", s);
  s.epsilon = 0.1f;
  check_rule("Adam with a large epsilon", s);
  s.amsgrad = true;
  check_rule("AMSGrad", s);
}

TEST_CASE("update: RMSprop") {
  UpdateSettings s{.rule = UpdateRule::kRmsprop};
  s.beta_2 = 0.9f;
  check_rule("RMSprop", s);
  s.momentum = 0.5f;
  check_rule("RMSprop with momentum", s);
  s.centered = true;
  check_rule("RMSprop, centred, with momentum", s);
  s.momentum = 0;
  check_rule("RMSprop, centred", s);
}

TEST_CASE("update: Adagrad") {
  check_rule("Adagrad", UpdateSettings{.rule = UpdateRule::kAdagrad});
}

TEST_CASE("update: centred RMSprop survives a gradient that never changes") {
  UpdateSettings s{.rule = UpdateRule::kRmsprop};
  s.beta_2 = 0.9f;
  s.centered = true;
  Graph g;
  const ValueId state = g.input("state", {Shape{2}});
  std::vector<ValueId> inputs = {state};
  for (const char* name : {"p", "g", "v", "m"}) inputs.push_back(g.variable(name, {Shape{1}}));
  g.apply_multi(std::make_shared<UpdateOp>(s), inputs);
  device::CpuContext context(1);
  graph::Executable executable(g, {}, 1, cpu_kernels(), context);
  float memory[4] = {0, 10.3f, 0, 0};
  float step[2] = {kLearningRate, 1};
  executable.bind(state, step);
  for (size_t i = 0; i < 4; ++i) executable.bind(inputs[i + 1], &memory[i]);
  for (int i = 0; i < 500; ++i) executable.run(1);
  CHECK(std::isfinite(memory[0]));
}

TEST_CASE("update: operands that do not belong together") {
  Graph g;
  const std::vector<ValueId> inputs = {g.input("state", {Shape{2}}), g.variable("w", {Shape{3}}),
                                       g.variable("g", {Shape{4}})};
  CHECK_THROWS_WITH_AS(g.apply_multi(std::make_shared<UpdateOp>(UpdateSettings{}), inputs),
                       "update: (4) beside (3)", graph::ShapeError);
}
