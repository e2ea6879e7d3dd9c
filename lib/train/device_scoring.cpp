#include "train/device_scoring.h"

#include <cstring>

#include "ops/epoch.h"
#include "train/phase.h"
#include "train/words.h"

namespace mlrun::train {

using graph::ValueId;

namespace {

constexpr int64_t kWordsOfState = 4;

}  // namespace

DeviceScoring::DeviceScoring(const DevicePassOptions& options, const ScoredGraph& scored)
    : DevicePass(options, kWordsOfState, 0), inference_(*scored.executable) {
  bind_rows(inference_, scored.inputs);
  if (scored.inputs.random_state != graph::kNoValue) {
    const Tensor states = state();
    inference_.bind(scored.inputs.random_state, states.data, states.stride);
  }
  Follower follower;
  const ValueId step = step_of(follower);
  std::vector<ValueId> kept;
  for (const ValueId id : scored.values) {
    const int64_t width = inference_.graph().value(id).type.shape.sample_elements();
    kept.push_back(follower.graph.variable("kept", {Shape{rows(), width}}));
    follower.graph.apply_multi(std::make_shared<ops::StoreBatchOp>(options.batch_size),
                               {follower.input("made", inference_, id), step, kept.back()});
    const int64_t stride = rows() * width * kWord;
    stores_.push_back({context().allocate(trials() * stride), stride});
  }
  keeper_ = make_executable(std::move(follower));
  for (size_t i = 0; i < kept.size(); ++i) {
    keeper_->bind(kept[i], stores_[i].memory.get(), stores_[i].stride);
  }
}

void DeviceScoring::run(std::span<const std::span<const int64_t>> orders,
                        std::span<const PhiloxStream> random, int64_t first_batch) {
  random_ = random;
  first_batch_ = first_batch;
  DevicePass::run(orders);
}

void DeviceScoring::write_states(size_t trial, int64_t rows, const Steps&, std::byte* to) {
  for (int64_t number = 0; number < steps(rows); ++number) {
    const auto batch = static_cast<uint64_t>(first_batch_ + number);
    const std::array<uint32_t, kWordsOfState> one =
        random_state(random_[trial], batch, kInferencePhase);
    std::memcpy(to + number * kWordsOfState * kWord, one.data(), sizeof one);
  }
}

void DeviceScoring::launch_step(const Part& part) {
  inference_.launch(part.rows, part.trials);
  keeper_->launch(part.rows, part.trials);
}

void DeviceScoring::download(size_t value, size_t trial, std::span<float> to) const {
  const Store& store = stores_[value];
  context().download(to.data(), store.memory.get() + static_cast<int64_t>(trial) * store.stride,
                     static_cast<int64_t>(to.size_bytes()));
}

}  // namespace mlrun::train
