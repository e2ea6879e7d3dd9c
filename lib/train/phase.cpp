#include "train/phase.h"

#include <cstddef>

namespace mlrun::train {

using graph::kNoValue;

// The step's high word has room: the phase's number goes into its top byte.
std::array<uint32_t, 4> random_state(const PhiloxStream& stream, uint64_t step, uint32_t phase) {
  return {stream.key()[0], stream.key()[1], static_cast<uint32_t>(step),
          static_cast<uint32_t>(step >> 32) ^ phase << 24};
}

Phase::Phase(PhaseGraph graph, uint32_t number, int64_t max_batch, const graph::Backend& backend,
             std::vector<const optim::Optimizer*> optimizers)
    : name_(std::move(graph.name)),
      number_(number),
      inputs_(graph.inputs),
      variables_(std::move(graph.variables)),
      objective_(graph.objective),
      terms_(graph.terms),
      prediction_(graph.prediction),
      optimizers_(std::move(optimizers)),
      every_(graph.every),
      update_(std::move(graph.update)),
      loss_scaling_(graph.loss_scaling),
      context_(*backend.context),
      executable_(std::move(graph.graph), graph.kept(), max_batch, *backend.kernels, context_,
                  {static_cast<int64_t>(optimizers_.size()), backend.stacks}),
      states_(optimizers_.size()),
      device_states_(context_.allocate(static_cast<int64_t>(states_.size() * sizeof(StepState)))),
      streams_(optimizers_.size()),
      kept_(update_.slots) {
  if (loss_scaling_) kept_.insert(kept_.end(), {loss_scaling_->scale, loss_scaling_->counts});
}

void Phase::add_kept(VariableStore& memory) {
  first_kept_ = memory.count();
  for (const graph::ValueId id : kept_) {
    const graph::Value& value = executable_.graph().value(id);
    memory.add(value.name, value.type.shape);
  }
}

void Phase::bind(const VariableStore& memory) {
  for (size_t i = 0; i < variables_.size(); ++i) {
    executable_.bind(variables_[i].value, memory.data(i), memory.stride());
  }
  for (size_t i = 0; i < kept_.size(); ++i) {
    executable_.bind(kept_[i], memory.data(first_kept_ + i), memory.stride());
  }
  bind_state(device_states_.get());
}

void Phase::bind_state(std::byte* state, int64_t stride) {
  executable_.bind(update_.state, state + offsetof(StepState, learning_rate), stride);
  if (inputs_.random_state != kNoValue) {
    executable_.bind(inputs_.random_state, state + offsetof(StepState, random), stride);
  }
}

void Phase::initialise(const PhiloxStream& random, VariableStore& memory, int64_t trial) {
  const auto number = static_cast<size_t>(trial);
  const auto value = static_cast<float>(optimizers_[number]->initial_slot_value());
  for (size_t i = 0; i < update_.slots.size(); ++i) {
    const auto count = static_cast<size_t>(memory.shape(first_kept_ + i).elements());
    memory.write(first_kept_ + i, std::vector<float>(count, value), trial);
  }
  if (loss_scaling_) {
    const size_t scale = first_kept_ + update_.slots.size();
    memory.write(scale, std::array{loss_scaling_->initial_scale}, trial);
    memory.write(scale + 1, std::array{0.0f, 0.0f}, trial);
  }
  steps_ = 0;
  streams_[number] = random;
}

StepState Phase::state(int64_t ahead, size_t trial) const {
  const int64_t step = steps_ + ahead;
  return {random_state(streams_[trial], static_cast<uint64_t>(step), number_),
          static_cast<float>(optimizers_[trial]->learning_rate.at(step)),
          static_cast<float>(step + 1)};
}

void Phase::step(int64_t rows) {
  for (size_t trial = 0; trial < states_.size(); ++trial) states_[trial] = state(0, trial);
  context_.upload(device_states_.get(), states_.data(),
                  static_cast<int64_t>(states_.size() * sizeof(StepState)));
  executable_.run(rows);
  ++steps_;
}

LossScaleState Phase::loss_scale(const VariableStore& memory, int64_t trial) const {
  if (!loss_scaling_) return {};
  const size_t scale = first_kept_ + update_.slots.size();
  return {memory.read(scale, trial)[0], static_cast<int64_t>(memory.read(scale + 1, trial)[1])};
}

float Phase::read(graph::ValueId id, int64_t trial) const {
  float value = 0;
  context_.download(&value, executable_.tensor(id, trial).data, sizeof value);
  return value;
}

void Phase::save(store::ModelFile& file) const {
  file.scalars[name_] = static_cast<double>(steps_);
}

void Phase::load(const store::ModelFile& file) {
  const auto step = file.scalars.find(name_);
  steps_ = step == file.scalars.end() ? 0 : static_cast<int64_t>(step->second);
}

}  // namespace mlrun::train
