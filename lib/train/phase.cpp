#include "train/phase.h"

#include <algorithm>

namespace mlrun::train {

using graph::kNoValue;

// The step's high word has room: the phase's number goes into its top byte.
std::array<uint32_t, 4> random_state(const PhiloxStream& stream, uint64_t step, uint32_t phase) {
  return {stream.key()[0], stream.key()[1], static_cast<uint32_t>(step),
          static_cast<uint32_t>(step >> 32) ^ phase << 24};
}

Phase::Phase(PhaseGraph graph, uint32_t number, int64_t max_batch,
             const graph::KernelTable& kernels)
    : name_(std::move(graph.name)),
      number_(number),
      inputs_(graph.inputs),
      variables_(std::move(graph.variables)),
      objective_(graph.objective),
      terms_(graph.terms),
      prediction_(graph.prediction),
      optimizer_(*graph.optimizer),
      every_(graph.every),
      update_(std::move(graph.update)),
      executable_(std::move(graph.graph), graph.kept(), max_batch, kernels) {}

void Phase::add_slots(VariableStore& memory) {
  first_slot_ = memory.count();
  for (const graph::ValueId slot : update_.slots) {
    const graph::Value& value = executable_.graph().value(slot);
    memory.add(value.name, value.type.shape);
  }
}

void Phase::bind(VariableStore& memory) {
  for (size_t i = 0; i < variables_.size(); ++i) {
    executable_.bind(variables_[i].value, memory.at(i).data());
  }
  for (size_t i = 0; i < update_.slots.size(); ++i) {
    executable_.bind(update_.slots[i], memory.at(first_slot_ + i).data());
  }
  executable_.bind(update_.state, optimizer_state_.data());
  if (inputs_.random_state != kNoValue) {
    executable_.bind(inputs_.random_state, random_state_.data());
  }
}

void Phase::initialise(const PhiloxStream& random, VariableStore& memory) {
  for (size_t i = 0; i < update_.slots.size(); ++i) {
    const std::span<float> values = memory.at(first_slot_ + i);
    std::fill(values.begin(), values.end(), static_cast<float>(optimizer_.initial_slot_value()));
  }
  steps_ = 0;
  stream_ = random;
}

void Phase::step(device::Context& context, int64_t rows) {
  optimizer_state_ = {static_cast<float>(optimizer_.learning_rate.at(steps_)),
                      static_cast<float>(steps_ + 1)};
  random_state_ = random_state(stream_, static_cast<uint64_t>(steps_), number_);
  executable_.run(context, rows);
  ++steps_;
}

void Phase::save(store::ModelFile& file) const {
  file.scalars[name_] = static_cast<double>(steps_);
}

void Phase::load(const store::ModelFile& file) {
  const auto step = file.scalars.find(name_);
  steps_ = step == file.scalars.end() ? 0 : static_cast<int64_t>(step->second);
}

}  // namespace mlrun::train
