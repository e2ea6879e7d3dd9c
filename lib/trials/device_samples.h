// What the GPUs of a run were measured at: the table /devices.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "device/nvml.h"
#include "store/results.h"

namespace mlrun::trials {

/// Column by column; what was not known is NaN.
struct DeviceSamples {
  std::vector<std::string> names;  ///< of device 0, 1, ...: as in /trials
  std::vector<std::string> uuids;

  std::vector<int32_t> run;     ///< 0: the first start of the command; resumed ones count on
  std::vector<int32_t> device;  ///< place in `names`
  std::vector<double> seconds;  ///< since that start
  std::vector<float> power_w;
  std::vector<float> temperature_c;
  std::vector<float> sm_clock_mhz;
  std::vector<float> utilization;  ///< 0 to 1
  std::vector<double> memory_used_bytes;

  bool empty() const { return run.empty(); }
  /// Place of the device in `names`, where it is put if it is new.
  int32_t index_of(const std::string& name, const std::string& uuid);
  void add(int32_t run_number, int32_t device_index, double at, const device::GpuReading& reading);
  void append(const DeviceSamples& other);

  /// The run that follows those in here.
  int32_t next_run() const;
};

/// As a payload of the journal, where they stand between the records of trials.
std::string to_bytes(const DeviceSamples& samples);
bool holds_device_samples(std::string_view payload);
/// Throws Error when the bytes are not those of samples.
DeviceSamples device_samples_from_bytes(std::string_view payload);

store::Section devices_section(const DeviceSamples& samples);

}  // namespace mlrun::trials
