// Watches the GPUs of a run from the parent: samples for /devices, the energy of trials, and
// whether a GPU is still there. The workers never ask: their time is for computing.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "trials/device_samples.h"
#include "trials/placement.h"

namespace mlrun::trials {

/// Has no thread; tick() is called by who waits anyway, several times an interval. On the CPU
/// nothing is opened and nothing is known.
class GpuMonitor {
 public:
  /// Seconds between two samples.
  static constexpr double kInterval = 0.5;

  /// `run` as in DeviceSamples. A driver that cannot be opened leaves everything unknown.
  GpuMonitor(const std::vector<device::Gpu>& gpus, int32_t run,
             const std::string& library = device::kNvmlLibrary);

  /// Takes a sample of each GPU if it is time to: true if it did.
  bool tick();

  void started(const Placement& placement, int32_t trial);
  /// Joules from the start of the trial to now, each moment shared equally by the trials that ran
  /// on the GPU: by its own counter (Volta and later), else its power integrated by the trapezoidal
  /// rule. NaN on the CPU, and where neither was known all the time.
  double ended(const Placement& placement, int32_t trial);

  /// Why the GPU computes no more ("GPU is lost"); "" while it does, on the CPU, or if not known.
  std::string loss(const Placement& placement) const;

  /// The samples since the last call.
  DeviceSamples take_samples();

 private:
  struct Watched {
    device::Gpu gpu;
    device::Nvml::Device device = nullptr;
    double last = 0;  ///< when it was asked for the next two
    std::optional<double> power_w;
    std::optional<double> energy_j;    ///< its counter
    std::map<int32_t, double> joules;  ///< of the trials that run
  };

  const Watched* find(const Placement& placement) const;
  Watched* find(const Placement& placement);
  void account(Watched& watched, std::optional<double> power_w);

  std::unique_ptr<device::Nvml> nvml_;
  std::vector<Watched> watched_;
  int32_t run_;
  double start_ = now_seconds();
  double next_ = start_;
  DeviceSamples samples_;
};

}  // namespace mlrun::trials
