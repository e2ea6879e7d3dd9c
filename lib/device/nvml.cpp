#include "device/nvml.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include "base/error.h"

namespace mlrun::device {
namespace {

// nvmlReturn_t, and the enumerators that are used.
constexpr int kSuccess = 0;
constexpr int kFunctionNotFound = 13;
constexpr int kGpuIsLost = 15;
constexpr int kResetRequired = 16;
constexpr unsigned kTemperatureGpu = 0;
constexpr unsigned kClockSm = 1;
constexpr unsigned kMigEnabled = 1;
// At least NVML_DEVICE_NAME_V2_BUFFER_SIZE and NVML_DEVICE_UUID_V2_BUFFER_SIZE.
constexpr unsigned kTextSize = 128;

// nvmlMemory_t
struct NvmlMemory {
  unsigned long long total, free, used;
};

// nvmlUtilization_t, in percent
struct Utilization {
  unsigned gpu, memory;
};

// nvmlPciInfo_t
struct PciInfo {
  char legacy_bus[16];
  unsigned domain, bus, device, device_id, subsystem_id;
  char bus_id[32];
};

}  // namespace

// Looked up by name at each call: a driver that lacks one function still has the others.
template <class... Arguments>
int Nvml::call(const char* function, Arguments... arguments) const {
  using Function = int (*)(Arguments...);
  const auto address = reinterpret_cast<Function>(::dlsym(library_, function));
  return address ? address(arguments...) : kFunctionNotFound;
}

Nvml::Nvml(const std::string& library) : library_(::dlopen(library.c_str(), RTLD_NOW)) {
  if (!library_) throw Error(fmt::format("no NVIDIA driver here: {}", ::dlerror()));
  const int result = call("nvmlInit_v2");
  if (result == kSuccess) return;
  const std::string why = result == kFunctionNotFound ? "it is not NVML" : error_string(result);
  ::dlclose(library_);
  throw Error(fmt::format("no NVIDIA driver here: {}: {}", library, why));
}

Nvml::~Nvml() {
  call("nvmlShutdown");
  ::dlclose(library_);
}

std::string Nvml::error_string(int result) const {
  using Function = const char* (*)(int);
  const auto address = reinterpret_cast<Function>(::dlsym(library_, "nvmlErrorString"));
  return address ? address(result) : fmt::format("NVML error {}", result);
}

int Nvml::count() const {
  unsigned count = 0;
  return call("nvmlDeviceGetCount_v2", &count) == kSuccess ? static_cast<int>(count) : 0;
}

std::optional<Nvml::Device> Nvml::device(int index, std::string& why) const {
  Device device = nullptr;
  const int result = call("nvmlDeviceGetHandleByIndex_v2", static_cast<unsigned>(index), &device);
  if (result == kSuccess) return device;
  why = error_string(result);
  return std::nullopt;
}

std::optional<Nvml::Device> Nvml::find(const std::string& wanted) const {
  std::string ignored;
  for (int i = 0; i < count(); ++i) {
    const std::optional<Device> gpu = device(i, ignored);
    if (!gpu) continue;
    if (uuid(*gpu) == wanted) return gpu;
    for (const Device slice : slices(*gpu)) {
      if (uuid(slice) == wanted) return slice;
    }
  }
  return std::nullopt;
}

std::string Nvml::name(Device device) const {
  char text[kTextSize] = "";
  return call("nvmlDeviceGetName", device, &text[0], kTextSize) == kSuccess ? text : "";
}

std::string Nvml::uuid(Device device) const {
  char text[kTextSize] = "";
  return call("nvmlDeviceGetUUID", device, &text[0], kTextSize) == kSuccess ? text : "";
}

std::string Nvml::bus(Device device) const {
  PciInfo info{};
  return call("nvmlDeviceGetPciInfo_v3", device, &info) == kSuccess ? info.bus_id : "";
}

std::string Nvml::compute_capability(Device device) const {
  int major = 0;
  int minor = 0;
  const int result = call("nvmlDeviceGetCudaComputeCapability", device, &major, &minor);
  return result == kSuccess ? fmt::format("{}.{}", major, minor) : "";
}

std::optional<GpuMemory> Nvml::memory(Device device) const {
  NvmlMemory memory{};
  if (call("nvmlDeviceGetMemoryInfo", device, &memory) != kSuccess) return std::nullopt;
  return GpuMemory{static_cast<int64_t>(memory.total), static_cast<int64_t>(memory.free),
                   static_cast<int64_t>(memory.used)};
}

bool Nvml::in_mig_mode(Device device) const {
  unsigned current = 0;
  unsigned pending = 0;
  const int result = call("nvmlDeviceGetMigMode", device, &current, &pending);
  return result == kSuccess && current == kMigEnabled;
}

std::vector<Nvml::Device> Nvml::slices(Device device) const {
  std::vector<Device> found;
  unsigned most = 0;
  if (!in_mig_mode(device)) return found;
  if (call("nvmlDeviceGetMaxMigDeviceCount", device, &most) != kSuccess) return found;
  for (unsigned i = 0; i < most; ++i) {
    Device slice = nullptr;
    const int result = call("nvmlDeviceGetMigDeviceHandleByIndex", device, i, &slice);
    if (result == kSuccess) found.push_back(slice);
  }
  return found;
}

std::optional<double> Nvml::power_w(Device device) const {
  unsigned milliwatts = 0;
  if (call("nvmlDeviceGetPowerUsage", device, &milliwatts) != kSuccess) return std::nullopt;
  return milliwatts / 1000.0;
}

std::optional<double> Nvml::energy_j(Device device) const {
  unsigned long long millijoules = 0;
  const int result = call("nvmlDeviceGetTotalEnergyConsumption", device, &millijoules);
  if (result != kSuccess) return std::nullopt;
  return static_cast<double>(millijoules) / 1000.0;
}

GpuReading Nvml::read(Device device) const {
  GpuReading reading;
  reading.power_w = power_w(device);
  unsigned value = 0;
  if (call("nvmlDeviceGetTemperature", device, kTemperatureGpu, &value) == kSuccess) {
    reading.temperature_c = value;
  }
  if (call("nvmlDeviceGetClockInfo", device, kClockSm, &value) == kSuccess) {
    reading.sm_clock_mhz = value;
  }
  Utilization utilization{};
  if (call("nvmlDeviceGetUtilizationRates", device, &utilization) == kSuccess) {
    reading.utilization = utilization.gpu / 100.0;
  }
  if (const auto now = memory(device)) reading.memory_used_bytes = now->used_bytes;
  return reading;
}

std::string Nvml::loss(Device device) const {
  NvmlMemory memory{};
  const int result = call("nvmlDeviceGetMemoryInfo", device, &memory);
  return result == kGpuIsLost || result == kResetRequired ? error_string(result) : "";
}

}  // namespace mlrun::device
