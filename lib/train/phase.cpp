#include "train/phase.h"

#include <cstddef>
#include <limits>

#include "ops/elementwise/summed_gradient.h"
#include "ops/narrowing.h"

namespace mlrun::train {

using graph::kNoValue;

namespace {

// The first one's graph. All are changed in the same way, so that they stay alike.
graph::Graph take_graph(std::vector<PhaseGraph>& graphs, const graph::Backend& backend) {
  if (backend.kernels->target() == graph::Target::kGpu) {
    for (PhaseGraph& phase : graphs) {
      ops::join_sums(phase.graph);
      ops::narrow(phase.graph, phase.kept());
    }
  }
  return std::move(graphs[0].graph);
}

// Takes what was summed up of it from `sum`. NaN where the phase has not run.
double mean_of(const CountedValue& summed, int64_t rows, const double*& sum) {
  const double value = *sum++;
  const double counted = summed.counted == kNoValue ? static_cast<double>(rows) : *sum++;
  return rows == 0 ? std::numeric_limits<double>::quiet_NaN() : value / counted;
}

}  // namespace

size_t sum_count(std::span<const std::unique_ptr<Phase>> phases) {
  size_t count = 0;
  for (const auto& phase : phases) count += phase->summed().size();
  return count;
}

Losses losses_of(std::span<const std::unique_ptr<Phase>> phases, const EpochSums& sums) {
  Losses means;
  means.finite = sums.finite;
  const double* sum = sums.values.data();
  for (size_t i = 0; i < phases.size(); ++i) {
    for (const CountedValue& part : phases[i]->losses()) {
      const double mean = mean_of(part, sums.rows[i], sum);
      if (i == 0) means.loss += mean;
    }
    for (const CountedValue& term : phases[i]->terms()) {
      means.terms.push_back(mean_of(term, sums.rows[i], sum));
    }
  }
  return means;
}

// The step's high word has room: the phase's number goes into its top byte.
std::array<uint32_t, 4> random_state(const PhiloxStream& stream, uint64_t step, uint32_t phase) {
  return {stream.key()[0], stream.key()[1], static_cast<uint32_t>(step),
          static_cast<uint32_t>(step >> 32) ^ phase << 24};
}

Phase::Phase(std::vector<PhaseGraph> graphs, uint32_t number, int64_t max_batch,
             const graph::Backend& backend)
    : name_(graphs[0].name),
      number_(number),
      inputs_(graphs[0].inputs),
      variables_(graphs[0].variables),
      losses_(graphs[0].losses),
      terms_(graphs[0].terms),
      summed_(graphs[0].summed()),
      prediction_(graphs[0].prediction),
      every_(graphs[0].every),
      update_(graphs[0].update),
      loss_scaling_(graphs[0].loss_scaling),
      context_(*backend.context),
      executable_(take_graph(graphs, backend), graphs[0].kept(), max_batch, *backend.kernels,
                  context_, {static_cast<int64_t>(graphs.size()), backend.stacks}),
      states_(graphs.size()),
      device_states_(context_.allocate(static_cast<int64_t>(states_.size() * sizeof(StepState)))),
      streams_(graphs.size()),
      rate_factors_(graphs.size(), 1),
      steps_(graphs.size()),
      kept_(update_.slots) {
  if (loss_scaling_) kept_.insert(kept_.end(), {loss_scaling_->scale, loss_scaling_->counts});
  std::vector<const graph::Graph*> others;
  for (const PhaseGraph& graph : graphs) {
    optimizers_.push_back(graph.optimizer);
    if (&graph != &graphs[0]) others.push_back(&graph.graph);
  }
  executable_.vary(others);
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
  steps_[number] = 0;
  streams_[number] = random;
  rate_factors_[number] = 1;
}

void Phase::scale_learning_rate(double factor, int64_t trial) {
  rate_factors_[static_cast<size_t>(trial)] = factor;
}

StepState Phase::state(int64_t ahead, size_t trial) const {
  const int64_t step = steps_[trial] + ahead;
  return {random_state(streams_[trial], static_cast<uint64_t>(step), number_),
          static_cast<float>(rate_factors_[trial] * optimizers_[trial]->learning_rate.at(step)),
          static_cast<float>(step + 1)};
}

void Phase::step(int64_t rows) {
  for (size_t trial = 0; trial < states_.size(); ++trial) states_[trial] = state(0, trial);
  context_.upload(device_states_.get(), states_.data(),
                  static_cast<int64_t>(states_.size() * sizeof(StepState)));
  executable_.run(rows);
  count_step({0, static_cast<int64_t>(steps_.size())});
}

void Phase::count_step(const graph::Copies& trials) {
  for (int64_t trial = trials.begin; trial < trials.end; ++trial) {
    ++steps_[static_cast<size_t>(trial)];
  }
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

void Phase::save(store::ModelFile& file, int64_t trial) const {
  file.scalars[name_] = static_cast<double>(steps(trial));
}

void Phase::load(const store::ModelFile& file, int64_t trial) {
  const auto step = file.scalars.find(name_);
  steps_[static_cast<size_t>(trial)] =
      step == file.scalars.end() ? 0 : static_cast<int64_t>(step->second);
}

}  // namespace mlrun::train
