#include "trials/gpu_monitor.h"

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace mlrun::trials {
namespace {

constexpr double kUnwatched = std::numeric_limits<double>::quiet_NaN();

std::unique_ptr<device::Nvml> open_if_needed(bool needed, const std::string& library) {
  if (!needed) return nullptr;
  try {
    return std::make_unique<device::Nvml>(library);
  } catch (const Error&) {
    return nullptr;
  }
}

}  // namespace

GpuMonitor::GpuMonitor(const std::vector<device::Gpu>& gpus, int32_t run,
                       const std::string& library)
    : nvml_(open_if_needed(!gpus.empty(), library)), run_(run) {
  for (const device::Gpu& gpu : gpus) {
    const auto device = nvml_ ? nvml_->find(gpu.uuid) : std::nullopt;
    if (device) watched_.push_back({gpu, *device, start_, {}, {}, {}});
  }
}

bool GpuMonitor::tick() {
  const double now = now_seconds();
  if (watched_.empty() || now < next_) return false;
  // After a pause (a stopped process) samples go on from here; they are not made up for.
  next_ = std::max(next_ + kInterval, now);
  for (Watched& watched : watched_) {
    const device::GpuReading reading = nvml_->read(watched.device);
    account(watched, reading.power_w);
    samples_.add(run_, samples_.index_of(watched.gpu.label(), watched.gpu.uuid), now - start_,
                 reading);
  }
  return true;
}

void GpuMonitor::started(const Placement& placement, int32_t trial) {
  Watched* watched = find(placement);
  if (!watched) return;
  account(*watched, nvml_->power_w(watched->device));
  watched->joules[trial] = 0;
}

double GpuMonitor::ended(const Placement& placement, int32_t trial) {
  Watched* watched = find(placement);
  if (!watched) return kUnwatched;
  account(*watched, nvml_->power_w(watched->device));
  const auto found = watched->joules.find(trial);
  if (found == watched->joules.end()) return kUnwatched;
  const double joules = found->second;
  watched->joules.erase(found);
  return joules;
}

std::string GpuMonitor::loss(const Placement& placement) const {
  const Watched* watched = find(placement);
  return watched ? nvml_->loss(watched->device) : "";
}

DeviceSamples GpuMonitor::take_samples() { return std::exchange(samples_, {}); }

const GpuMonitor::Watched* GpuMonitor::find(const Placement& placement) const {
  if (!placement.gpu) return nullptr;
  const auto found = std::find_if(watched_.begin(), watched_.end(), [&](const Watched& watched) {
    return watched.gpu.uuid == placement.gpu->uuid;
  });
  return found == watched_.end() ? nullptr : &*found;
}

GpuMonitor::Watched* GpuMonitor::find(const Placement& placement) {
  return const_cast<Watched*>(std::as_const(*this).find(placement));
}

void GpuMonitor::account(Watched& watched, std::optional<double> power_w) {
  const double now = now_seconds();
  // Of a slice some drivers give what the whole GPU takes.
  const bool whole = !watched.gpu.is_slice;
  const std::optional<double> energy_j = whole ? nvml_->energy_j(watched.device) : std::nullopt;
  double joules = kUnwatched;
  if (energy_j && watched.energy_j) {
    joules = *energy_j - *watched.energy_j;
  } else if (whole && power_w && watched.power_w) {
    joules = (*power_w + *watched.power_w) / 2 * (now - watched.last);
  }
  for (auto& [trial, sum] : watched.joules) {
    sum += joules / static_cast<double>(watched.joules.size());
  }
  watched.last = now;
  watched.power_w = power_w;
  watched.energy_j = energy_j;
}

}  // namespace mlrun::trials
