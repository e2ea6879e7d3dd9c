#include "trials/device_samples.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "store/bytes.h"
#include "trials/gpu_monitor.h"

namespace mlrun::trials {
namespace {

// Where the record of a trial has its number, which is never negative.
constexpr int32_t kMark = -1;

template <class T, class Value>
T known(const std::optional<Value>& value) {
  return value ? static_cast<T>(*value) : std::numeric_limits<T>::quiet_NaN();
}

template <class T>
void extend(std::vector<T>& values, const std::vector<T>& more) {
  values.insert(values.end(), more.begin(), more.end());
}

}  // namespace

int32_t DeviceSamples::index_of(const std::string& name, const std::string& uuid) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name && uuids[i] == uuid) return static_cast<int32_t>(i);
  }
  names.push_back(name);
  uuids.push_back(uuid);
  return static_cast<int32_t>(names.size()) - 1;
}

void DeviceSamples::add(int32_t run_number, int32_t device_index, double at,
                        const device::GpuReading& reading) {
  run.push_back(run_number);
  device.push_back(device_index);
  seconds.push_back(at);
  power_w.push_back(known<float>(reading.power_w));
  temperature_c.push_back(known<float>(reading.temperature_c));
  sm_clock_mhz.push_back(known<float>(reading.sm_clock_mhz));
  utilization.push_back(known<float>(reading.utilization));
  memory_used_bytes.push_back(known<double>(reading.memory_used_bytes));
}

void DeviceSamples::append(const DeviceSamples& other) {
  for (const int32_t i : other.device) {
    const auto place = static_cast<size_t>(i);
    device.push_back(index_of(other.names.at(place), other.uuids.at(place)));
  }
  extend(run, other.run);
  extend(seconds, other.seconds);
  extend(power_w, other.power_w);
  extend(temperature_c, other.temperature_c);
  extend(sm_clock_mhz, other.sm_clock_mhz);
  extend(utilization, other.utilization);
  extend(memory_used_bytes, other.memory_used_bytes);
}

int32_t DeviceSamples::next_run() const {
  return run.empty() ? 0 : *std::max_element(run.begin(), run.end()) + 1;
}

std::string to_bytes(const DeviceSamples& s) {
  store::ByteWriter w;
  w.put(kMark);
  w.put(s.names);
  w.put(s.uuids);
  w.put(s.run);
  w.put(s.device);
  w.put(s.seconds);
  w.put(s.power_w);
  w.put(s.temperature_c);
  w.put(s.sm_clock_mhz);
  w.put(s.utilization);
  w.put(s.memory_used_bytes);
  return w.take();
}

bool holds_device_samples(std::string_view payload) {
  return payload.size() >= sizeof kMark && store::ByteReader(payload).get<int32_t>() == kMark;
}

DeviceSamples device_samples_from_bytes(std::string_view payload) {
  store::ByteReader reader(payload);
  if (reader.get<int32_t>() != kMark) throw Error("not samples of devices");
  DeviceSamples s;
  s.names = reader.get_strings();
  s.uuids = reader.get_strings();
  s.run = reader.get_vector<int32_t>();
  s.device = reader.get_vector<int32_t>();
  s.seconds = reader.get_vector<double>();
  s.power_w = reader.get_vector<float>();
  s.temperature_c = reader.get_vector<float>();
  s.sm_clock_mhz = reader.get_vector<float>();
  s.utilization = reader.get_vector<float>();
  s.memory_used_bytes = reader.get_vector<double>();
  reader.expect_end();
  return s;
}

store::Section devices_section(const DeviceSamples& samples) {
  store::Section section{"/devices", {}, {}, false};
  section.attributes = {
      {"names", samples.names}, {"uuids", samples.uuids}, {"interval_s", GpuMonitor::kInterval}};
  section.table.columns = {{"run", samples.run},
                           {"device", samples.device},
                           {"seconds", samples.seconds},
                           {"power_w", samples.power_w},
                           {"temperature_c", samples.temperature_c},
                           {"sm_clock_mhz", samples.sm_clock_mhz},
                           {"utilization", samples.utilization},
                           {"memory_used_bytes", samples.memory_used_bytes}};
  return section;
}

}  // namespace mlrun::trials
