// Scoring on a device (train/device_pass.h): a step infers a batch and keeps what it gives for each
// row; the host fetches that when all rows are through.
#pragma once

#include <span>
#include <vector>

#include "base/philox.h"
#include "train/device_pass.h"
#include "train/training_graph.h"

namespace mlrun::train {

/// Of the draws of inference, apart from those of the phases.
inline constexpr uint32_t kInferencePhase = 255;

/// The planned graph of inference, with the values of each row that are kept: (N, ...) floats.
struct ScoredGraph {
  graph::Executable* executable = nullptr;
  GraphInputs inputs;
  std::vector<graph::ValueId> values;
};

/// The graph takes its batches and random states from here as long as this exists, and must outlive
/// it.
class DeviceScoring : public DevicePass {
 public:
  DeviceScoring(const DevicePassOptions& options, const ScoredGraph& scored);

  /// `orders` are rows of the trials of a stack, at most rows() of each; trials without any are
  /// left out. `random` (of the trials) is drawn from as in the batches from `first_batch` on.
  void run(std::span<const std::span<const int64_t>> orders, std::span<const PhiloxStream> random,
           int64_t first_batch);

  /// Of the first to.size() / width rows of a trial. Waits for the device.
  void download(size_t value, size_t trial, std::span<float> to) const;

 protected:
  void write_states(size_t trial, int64_t rows, const Steps& open, std::byte* to) override;
  uint64_t feed_pass(int64_t) const override { return 0; }
  void launch_step(const Part& part) override;
  int64_t variant(int64_t) const override { return 0; }
  void has_started(const Part&) override {}

 private:
  struct Store {
    device::Memory memory;
    int64_t stride = 0;  ///< bytes from trial to trial
  };

  graph::Executable& inference_;
  std::vector<Store> stores_;
  std::unique_ptr<graph::Executable> keeper_;
  std::span<const PhiloxStream> random_;  ///< of the pass
  int64_t first_batch_ = 0;
};

}  // namespace mlrun::train
