// Optimiser steps on devices: as the CPU's, which update_test.cpp compares with the formulas, and
// in a stack of copies with learning rates of their own.
#include <doctest/doctest.h>

#include "device/cpu_context.h"
#include "ops/cpu_kernels.h"
#include "ops/device_backends.h"
#include "ops/device_run.h"
#include "ops/harness.h"
#include "ops/update/update.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

constexpr int kDeviceSteps = 3;
constexpr size_t kCopies = 3;
// More parameters than one launch takes, and one that is summed in chunks.
constexpr int64_t kDeviceCounts[] = {1, 7, 9000, 3, 5, 2, 9, 4, 6, 1, 1, 12, 30, 8, 2, 3, 17, 64};

// A step as a graph: state, then parameter, gradient and slots of each group.
struct Step {
  Graph graph;
  std::vector<ValueId> inputs;
  size_t group;

  explicit Step(const UpdateSettings& s) : group(2 + static_cast<size_t>(s.slots())) {
    inputs = {graph.input("state", {Shape{2}})};
    for (const int64_t count : kDeviceCounts) {
      for (size_t i = 0; i < group; ++i) {
        inputs.push_back(graph.variable("v" + std::to_string(inputs.size()), {Shape{count}}));
      }
    }
    graph.apply_multi(std::make_shared<UpdateOp>(s), inputs);
  }

  bool is_gradient(size_t input) const { return input > 0 && (input - 1) % group == 1; }
};

Words start(const Step& step, size_t copy) {
  Words memory = {{0.01f * static_cast<float>(copy + 1), 0}};
  for (size_t i = 1; i < step.inputs.size(); ++i) {
    const int64_t count = kDeviceCounts[(i - 1) / step.group];
    const bool parameter = (i - 1) % step.group == 0;
    memory.push_back(
        draw({{count}, parameter ? -2.0 : 0.1, parameter ? 2.0 : 0.1}, count, 1000 * copy + i));
  }
  return memory;
}

void next_gradients(const Step& step, size_t copy, int number, Words& memory) {
  memory[0][1] = static_cast<float>(number);
  for (size_t i = 1; i < memory.size(); ++i) {
    const int64_t count = kDeviceCounts[(i - 1) / step.group];
    const auto salt = 1000 * copy + 100000 * static_cast<size_t>(number) + i;
    if (step.is_gradient(i)) memory[i] = draw({{count}, -2.0 / number, 2.0 / number}, count, salt);
  }
}

// The values of all copies after some steps.
std::vector<Words> train(const Step& step, const graph::KernelTable& kernels,
                         device::Context& context, const std::vector<size_t>& copies) {
  std::vector<Words> memory;
  for (const size_t copy : copies) memory.push_back(start(step, copy));
  for (int number = 1; number <= kDeviceSteps; ++number) {
    for (size_t k = 0; k < copies.size(); ++k) next_gradients(step, copies[k], number, memory[k]);
    memory = DeviceRun{step.graph, step.inputs, step.inputs, kernels, context, 1, 1}(memory);
  }
  return memory;
}

void check_update_of_copies(const std::string& name, const UpdateSettings& s) {
  INFO(name);
  const Step step(s);
  device::CpuContext cpu(1);
  const Words want = train(step, cpu_kernels(), cpu, {0})[0];
  for (const DeviceBackend& device : device_backends()) {
    INFO(device.name);
    const std::vector<Words> stack = train(step, *device.kernels, *device.context, {0, 1, 2});
    for (size_t i = 0; i < want.size(); ++i) {
      CHECK(distance(stack[0][i], std::vector<double>(want[i].begin(), want[i].end()), 1) <= 1e-5);
    }
    for (size_t k = 0; k < kCopies; ++k) {
      CHECK_MESSAGE(train(step, *device.kernels, *device.context, {k})[0] == stack[k], "copy ", k,
                    " of a stack");
    }
  }
}

void check_rule_of_copies(const std::string& name, const UpdateSettings& plain) {
  check_update_of_copies(name, plain);
  UpdateSettings s = plain;
  s.clipvalue = 0.1f;
  s.weight_decay = 0.1f;
  check_update_of_copies(name + " with clipvalue and weight_decay", s);
  s = plain;
  s.clipnorm = 0.5f;
  check_update_of_copies(name + " with clipnorm", s);
  s.global_clipnorm = 0.75f;
  check_update_of_copies(name + " with clipnorm and global_clipnorm", s);
}

}  // namespace

TEST_CASE("update on devices: SGD, Adam, RMSprop, Adagrad") {
  UpdateSettings s{.rule = UpdateRule::kSgd};
  check_rule_of_copies("SGD", s);
  s.momentum = 0.9f;
  s.nesterov = true;
  check_rule_of_copies("SGD with Nesterov's momentum", s);
  s = UpdateSettings{.rule = UpdateRule::kAdam};
  check_rule_of_copies("Adam", s);
  s.amsgrad = true;
  check_rule_of_copies("AMSGrad", s);
  s = UpdateSettings{.rule = UpdateRule::kRmsprop};
  s.momentum = 0.5f;
  s.centered = true;
  check_rule_of_copies("RMSprop, centred, with momentum", s);
  s.momentum = 0;
  check_rule_of_copies("RMSprop, centred", s);
  check_rule_of_copies("Adagrad", UpdateSettings{.rule = UpdateRule::kAdagrad});
}
