// A GPU's context without a GPU: kernels are loops of the host, and the "device" memory cannot be
// touched outside of them. Host code that reads or writes it crashes, as it would on a GPU.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "device/block_limits.h"
#include "device/constants.h"
#include "device/context.h"
#include "emulation/lanes.h"

namespace mlrun::emulation {

/// Not where the GPU itself is tested. Emulated kernels run in one thread: the thread sanitizer
/// finds nothing in them, and takes minutes to do so.
bool is_worth_running();

class EmulatedContext : public device::Context {
 public:
  EmulatedContext() : scratch_(allocate(kScratchBytes)) {}

  device::Memory allocate(int64_t bytes) override;
  void upload(void* to, const void* from, int64_t bytes) override;
  void download(void* to, const void* from, int64_t bytes) override;

  /// As a CUDA graph does: the first call runs the launches, the second records them, and from then
  /// on what was recorded is run, with its arguments of that time, and `launches` is not called.
  void replay(std::unique_ptr<device::Recording>& recording,
              device::FunctionRef<void()> launches) override;

  /// Runs `kernel` with the memory open, or records it.
  void launch(std::function<void()> kernel);

  std::byte* scratch() const { return scratch_.get(); }
  device::Constants& constants() { return constants_; }
  LaneGroup& lanes() { return lanes_; }

  /// So little that tests of few units do without a part of it too.
  device::BlockLimits block_limits() const { return {4096, 4}; }
  int64_t launches() const { return launches_; }

 private:
  static constexpr int64_t kScratchBytes = int64_t{8} << 20;  ///< as of device::CudaContext

  class Open;
  struct Mapping {
    std::byte* start = nullptr;
    size_t bytes = 0;  ///< without the guard page behind
    size_t whole_bytes = 0;
  };

  using Mappings = std::map<const std::byte*, Mapping>;

  void release(std::byte* memory) override;

  Mappings mappings_;
  std::vector<std::function<void()>>* recorded_ = nullptr;  ///< while recording
  int64_t launches_ = 0;
  device::Memory scratch_;
  device::Constants constants_;
  LaneGroup lanes_;
};

}  // namespace mlrun::emulation
