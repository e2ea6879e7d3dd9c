// Answers as NVML would, for GPUs that are described in the file named by FAKE_NVML. Without the
// variable no driver is loaded. A line is a GPU, or a MIG slice of the GPU above it:
//
//   gpu name=NVIDIA_H100 uuid=GPU-1 total=85899345920 used=1000 capability=9.0 power=123000 ...
//   slice name=NVIDIA_H100_MIG_1g.10gb uuid=MIG-2 total=10737418240
//
// `_` is a space. A value that is not given is "not supported". mig=1: the GPU is in MIG mode.
// energy=N: what its counter stands at; it grows with the power.
// lost_after=N: the GPU falls off the bus with the N-th question for its power;
// lost_file=PATH: when there is such a file. powerless_after=N: the sensor fails.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace {

enum Result {
  kSuccess = 0,
  kUninitialized = 1,
  kInvalidArgument = 2,
  kNotSupported = 3,
  kNotFound = 6,
  kDriverNotLoaded = 9,
  kGpuIsLost = 15,
};

struct Device {
  std::map<std::string, std::string> values;
  std::vector<Device*> slices;
  long power_questions = 0;

  bool has(const char* key) const { return values.count(key) > 0; }
  long number(const char* key) const { return has(key) ? std::atol(values.at(key).c_str()) : 0; }

  bool is_lost() const {
    if (has("lost_file") && ::access(values.at("lost_file").c_str(), F_OK) == 0) return true;
    return has("lost_after") && power_questions >= number("lost_after");
  }

  Result state(const char* key) const {
    if (is_lost()) return kGpuIsLost;
    return has(key) ? kSuccess : kNotSupported;
  }
};

struct Machine {
  std::deque<Device> devices;
  std::vector<Device*> gpus;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
};

Machine machine;

std::map<std::string, std::string> values_of(std::istringstream& line) {
  std::map<std::string, std::string> values;
  for (std::string word; line >> word;) {
    const size_t equals = word.find('=');
    std::string value = word.substr(equals + 1);
    if (word.substr(0, equals) == "name") {
      for (char& c : value) c = c == '_' ? ' ' : c;
    }
    values[word.substr(0, equals)] = value;
  }
  return values;
}

int put_text(const Device* device, const char* key, char* out, unsigned size) {
  const Result state = device->state(key);
  if (state == kSuccess) std::snprintf(out, size, "%s", device->values.at(key).c_str());
  return state;
}

template <class T>
int put_number(const Device* device, const char* key, T* out) {
  const Result state = device->state(key);
  if (state == kSuccess) *out = static_cast<T>(device->number(key));
  return state;
}

}  // namespace

extern "C" {

int nvmlInit_v2() {
  machine = {};
  const char* path = std::getenv("FAKE_NVML");
  if (!path) return kDriverNotLoaded;
  std::ifstream file(path);
  for (std::string text; std::getline(file, text);) {
    std::istringstream line(text);
    std::string kind;
    line >> kind;
    if (kind.empty()) continue;
    machine.devices.push_back({values_of(line), {}, 0});
    Device* device = &machine.devices.back();
    if (kind == "slice") {
      machine.gpus.back()->slices.push_back(device);
    } else {
      machine.gpus.push_back(device);
    }
  }
  return kSuccess;
}

int nvmlShutdown() { return kSuccess; }

const char* nvmlErrorString(int result) {
  switch (result) {
    case kDriverNotLoaded:
      return "Driver Not Loaded";
    case kGpuIsLost:
      return "GPU is lost";
    default:
      return "Unknown Error";
  }
}

int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = static_cast<unsigned>(machine.gpus.size());
  return kSuccess;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, Device** device) {
  if (index >= machine.gpus.size()) return kInvalidArgument;
  *device = machine.gpus[index];
  return (*device)->is_lost() ? kGpuIsLost : kSuccess;
}

int nvmlDeviceGetName(Device* device, char* out, unsigned size) {
  return put_text(device, "name", out, size);
}

int nvmlDeviceGetUUID(Device* device, char* out, unsigned size) {
  return put_text(device, "uuid", out, size);
}

// As in nvmlPciInfo_t, the bus is behind 16 characters and five numbers.
int nvmlDeviceGetPciInfo_v3(Device* device, char* info) {
  return put_text(device, "bus", info + 36, 32);
}

int nvmlDeviceGetMemoryInfo(Device* device, unsigned long long* memory) {
  const Result state = device->state("total");
  if (state != kSuccess) return state;
  memory[0] = static_cast<unsigned long long>(device->number("total"));
  memory[2] = static_cast<unsigned long long>(device->number("used"));
  memory[1] = memory[0] - memory[2];
  return kSuccess;
}

int nvmlDeviceGetCudaComputeCapability(Device* device, int* major, int* minor) {
  const Result state = device->state("capability");
  if (state != kSuccess) return state;
  return std::sscanf(device->values["capability"].c_str(), "%d.%d", major, minor) == 2 ? kSuccess
                                                                                       : kNotFound;
}

int nvmlDeviceGetMigMode(Device* device, unsigned* current, unsigned* pending) {
  *pending = 0;
  return put_number(device, "mig", current);
}

int nvmlDeviceGetMaxMigDeviceCount(Device*, unsigned* count) {
  *count = 7;
  return kSuccess;
}

int nvmlDeviceGetMigDeviceHandleByIndex(Device* device, unsigned index, Device** slice) {
  if (index >= device->slices.size()) return kNotFound;
  *slice = device->slices[index];
  return kSuccess;
}

int nvmlDeviceGetPowerUsage(Device* device, unsigned* milliwatts) {
  ++device->power_questions;
  const bool fails =
      device->has("powerless_after") && device->power_questions > device->number("powerless_after");
  return fails ? kNotSupported : put_number(device, "power", milliwatts);
}

int nvmlDeviceGetTemperature(Device* device, unsigned, unsigned* degrees) {
  return put_number(device, "temperature", degrees);
}

int nvmlDeviceGetClockInfo(Device* device, unsigned clock, unsigned* megahertz) {
  return clock == 1 ? put_number(device, "clock", megahertz) : kInvalidArgument;
}

int nvmlDeviceGetUtilizationRates(Device* device, unsigned* percent) {
  return put_number(device, "utilization", percent);
}

int nvmlDeviceGetTotalEnergyConsumption(Device* device, unsigned long long* millijoules) {
  const Result state = device->state("energy");
  if (state != kSuccess) return state;
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - machine.start;
  *millijoules = static_cast<unsigned long long>(static_cast<double>(device->number("energy")) +
                                                 passed.count() *
                                                     static_cast<double>(device->number("power")));
  return kSuccess;
}

}  // extern "C"
