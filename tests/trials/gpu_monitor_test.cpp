#include "trials/gpu_monitor.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <thread>

#include "base/error.h"
#include "device/fake_driver.h"
#include "trials/record.h"

using namespace mlrun;
using namespace mlrun::trials;
using test::FakeDriver;

namespace {

std::vector<Placement> placements_of(const FakeDriver& driver) {
  std::vector<Placement> all;
  for (const device::Gpu& gpu : device::survey_gpus(driver.library()).visible()) {
    all.push_back({gpu});
  }
  return all;
}

std::vector<device::Gpu> gpus_of(const FakeDriver& driver) {
  return device::survey_gpus(driver.library()).visible();
}

void watch_for(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

}  // namespace

TEST_CASE("gpu monitor: a sample of each GPU every half second") {
  const FakeDriver driver;
  GpuMonitor monitor(gpus_of(driver), 4, driver.library());
  int ticks = 0;
  for (const double end = now_seconds() + 0.75; now_seconds() < end; watch_for(0.02)) {
    ticks += monitor.tick() ? 1 : 0;
  }
  CHECK(ticks == 2);
  const DeviceSamples samples = monitor.take_samples();
  REQUIRE(samples.run.size() == 6);
  CHECK(samples.names == std::vector<std::string>{"gpu0 NVIDIA H100 80GB HBM3",
                                                  "gpu1 NVIDIA A100 MIG 3g.20gb",
                                                  "gpu2 NVIDIA A100 MIG 4g.20gb"});
  CHECK(samples.uuids == std::vector<std::string>{"GPU-8932f937-aa", "MIG-11", "MIG-12"});
  CHECK(samples.device == std::vector<int32_t>{0, 1, 2, 0, 1, 2});
  CHECK(samples.run == std::vector<int32_t>(6, 4));
  CHECK(samples.seconds[0] < 0.1);
  CHECK(samples.seconds[3] == doctest::Approx(0.5).epsilon(0.2));
  CHECK(samples.power_w[0] == doctest::Approx(123.456));
  CHECK(samples.temperature_c[0] == 41);
  CHECK(samples.sm_clock_mhz[0] == 1980);
  CHECK(samples.utilization[0] == doctest::Approx(0.87));
  CHECK(samples.memory_used_bytes[0] == 1073741824);
  CHECK(std::isnan(samples.power_w[1]));
  CHECK(monitor.take_samples().empty());
}

TEST_CASE("gpu monitor: energy is power over time, shared by the trials that run") {
  const FakeDriver driver("gpu name=A uuid=GPU-a total=10 power=100000\n");
  const Placement place = placements_of(driver).at(0);
  GpuMonitor monitor(gpus_of(driver), 0, driver.library());
  const Stopwatch watch;
  monitor.started(place, 7);
  watch_for(0.1);
  const double alone = watch.seconds();
  monitor.started(place, 8);
  watch_for(0.1);
  const double eight = monitor.ended(place, 8);
  const double shared = watch.seconds() - alone;
  const double seven = monitor.ended(place, 7);
  CHECK(eight == doctest::Approx(100 * shared / 2).epsilon(0.1));
  CHECK(seven == doctest::Approx(100 * (alone + shared / 2)).epsilon(0.1));
  CHECK(seven + eight <= doctest::Approx(100 * watch.seconds()));
}

TEST_CASE("gpu monitor: the GPU's own counter of energy is preferred to its power") {
  const FakeDriver driver(
      "gpu name=A uuid=GPU-a total=10 power=100000 energy=9000000 powerless_after=0\n");
  const Placement place = placements_of(driver).at(0);
  GpuMonitor monitor(gpus_of(driver), 0, driver.library());
  const Stopwatch watch;
  monitor.started(place, 1);
  watch_for(0.1);
  CHECK(monitor.ended(place, 1) == doctest::Approx(100 * watch.seconds()).epsilon(0.1));
}

TEST_CASE("gpu monitor: a slice is not billed what its whole GPU takes") {
  const FakeDriver driver(
      "gpu name=A uuid=GPU-a total=10 mig=1\n"
      "slice name=B uuid=MIG-1 total=5 power=100000 energy=9000\n");
  const Placement place = placements_of(driver).at(0);
  GpuMonitor monitor(gpus_of(driver), 0, driver.library());
  monitor.started(place, 1);
  watch_for(0.01);
  CHECK(std::isnan(monitor.ended(place, 1)));
}

TEST_CASE("gpu monitor: energy is not known on the CPU, nor when the sensor fails") {
  const FakeDriver driver("gpu name=A uuid=GPU-a total=10 power=100000 powerless_after=3\n");
  const Placement place = placements_of(driver).at(0);
  GpuMonitor monitor(gpus_of(driver), 0, driver.library());
  monitor.started({}, 1);
  CHECK(std::isnan(monitor.ended({}, 1)));
  monitor.started(place, 2);
  CHECK(std::isfinite(monitor.ended(place, 2)));
  monitor.started(place, 3);
  monitor.tick();
  CHECK(std::isnan(monitor.ended(place, 3)));
  CHECK(monitor.loss(place) == "");
}

TEST_CASE("gpu monitor: a GPU that is lost, and a machine that has none") {
  const FakeDriver driver("gpu name=A uuid=GPU-a total=10 power=1000 lost_after=2\n");
  const Placement place = placements_of(driver).at(0);
  GpuMonitor monitor(gpus_of(driver), 0, driver.library());
  CHECK(monitor.tick());
  CHECK(monitor.loss(place) == "");
  monitor.started(place, 1);
  CHECK(monitor.loss(place) == "GPU is lost");
  CHECK(std::isnan(monitor.ended(place, 1)));

  GpuMonitor blind({*place.gpu}, 0, "libnvidia-ml-none.so.1");
  CHECK_FALSE(blind.tick());
  blind.started(place, 1);
  CHECK(std::isnan(blind.ended(place, 1)));
  CHECK(blind.loss(place) == "");
  GpuMonitor cpu({}, 0);
  CHECK_FALSE(cpu.tick());
}

TEST_CASE("device samples: as bytes, and joined by device") {
  device::GpuReading power, memory, temperature;
  power.power_w = 3;
  memory.memory_used_bytes = 1 << 20;
  temperature.temperature_c = 50;
  DeviceSamples first;
  first.add(0, first.index_of("gpu0 A", "GPU-a"), 0.5, power);
  DeviceSamples second;
  second.add(1, second.index_of("gpu0 B", "GPU-b"), 0.25, {});
  second.add(1, second.index_of("gpu1 A", "GPU-a"), 0.25, memory);
  second.add(1, second.index_of("gpu0 B", "GPU-b"), 0.75, temperature);
  const std::string bytes = to_bytes(second);
  CHECK(holds_device_samples(bytes));
  CHECK_FALSE(holds_device_samples(to_bytes(TrialRecord{})));
  CHECK_FALSE(holds_device_samples(""));
  CHECK(first.next_run() == 1);
  first.append(device_samples_from_bytes(bytes));
  CHECK(first.next_run() == 2);
  CHECK(first.names == std::vector<std::string>{"gpu0 A", "gpu0 B", "gpu1 A"});
  CHECK(first.device == std::vector<int32_t>{0, 1, 2, 1});
  CHECK(first.run == std::vector<int32_t>{0, 1, 1, 1});
  CHECK(first.seconds == std::vector<double>{0.5, 0.25, 0.25, 0.75});
  CHECK(first.power_w[0] == 3);
  CHECK(std::isnan(first.power_w[1]));
  CHECK(first.memory_used_bytes[2] == 1 << 20);
  CHECK(first.temperature_c[3] == 50);
  CHECK_THROWS_AS(device_samples_from_bytes(bytes.substr(0, 30)), Error);
  const store::Section section = devices_section(first);
  CHECK(section.path == "/devices");
  CHECK(section.table.rows() == 4);
  section.table.check_lengths();
}

TEST_CASE("trial record: those written before energy or precision were recorded still read") {
  TrialRecord record;
  record.fit_seconds = 1.5;
  record.compute_seconds = 2.5;
  record.energy_joules = 7;
  record.precision = "float16";
  record.loss_scale = {512, 3};
  const std::string bytes = to_bytes(record);
  CHECK(record_from_bytes(bytes).energy_joules == 7);
  CHECK(record_from_bytes(bytes).precision == "float16");
  CHECK(record_from_bytes(bytes).loss_scale.scale == 512);
  CHECK(record_from_bytes(bytes).loss_scale.skipped_steps == 3);
  // The end was the list of costs: a u32 count and doubles, of which the last was not there.
  const size_t behind =
      sizeof(uint32_t) + record.precision.size() + sizeof(double) + sizeof(int64_t);
  const std::string costs = bytes.substr(0, bytes.size() - behind);
  CHECK(record_from_bytes(costs).energy_joules == 7);
  CHECK(record_from_bytes(costs).precision == "");
  std::string old = costs.substr(0, costs.size() - sizeof(double));
  old[old.size() - 4 * sizeof(double) - sizeof(uint32_t)] = 4;
  const TrialRecord read = record_from_bytes(old);
  CHECK(read.fit_seconds == 1.5);
  CHECK(read.compute_seconds == 2.5);
  CHECK(std::isnan(read.energy_joules));
}
