#include "device/nvml.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "device/fake_driver.h"

using namespace mlrun::device;
using mlrun::Error;
using mlrun::test::FakeDriver;
using mlrun::test::Setting;

namespace {

Nvml::Device gpu(const Nvml& nvml, int index) {
  std::string why;
  const auto device = nvml.device(index, why);
  REQUIRE_MESSAGE(device.has_value(), why);
  return *device;
}

std::string refusal(const std::string& library) {
  try {
    const Nvml nvml(library);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("nvml: what a GPU is") {
  const FakeDriver driver;
  const Nvml nvml(driver.library());
  REQUIRE(nvml.count() == 2);
  const Nvml::Device first = gpu(nvml, 0);
  CHECK(nvml.name(first) == "NVIDIA H100 80GB HBM3");
  CHECK(nvml.uuid(first) == "GPU-8932f937-aa");
  CHECK(nvml.bus(first) == "00000000:17:00.0");
  CHECK(nvml.compute_capability(first) == "9.0");
  CHECK(nvml.memory(first)->total_bytes == 85899345920);
  CHECK(nvml.memory(first)->used_bytes == 1073741824);
  CHECK(nvml.memory(first)->free_bytes == 85899345920 - 1073741824);
  CHECK(nvml.loss(first) == "");
  CHECK(nvml.find("GPU-8932f937-aa") == first);
  CHECK_FALSE(nvml.find("GPU-8932f937").has_value());
}

TEST_CASE("nvml: readings in their units, absent where the GPU has none") {
  const FakeDriver driver;
  const Nvml nvml(driver.library());
  const GpuReading first = nvml.read(gpu(nvml, 0));
  CHECK(first.power_w == doctest::Approx(123.456));
  CHECK(first.temperature_c == 41);
  CHECK(first.sm_clock_mhz == 1980);
  CHECK(first.utilization == doctest::Approx(0.87));
  CHECK(first.memory_used_bytes == 1073741824);
  CHECK(nvml.energy_j(gpu(nvml, 0)) == doctest::Approx(5).epsilon(0.5));
  const GpuReading second = nvml.read(gpu(nvml, 1));
  CHECK(second.power_w == 60);
  CHECK_FALSE(second.temperature_c.has_value());
  CHECK_FALSE(second.sm_clock_mhz.has_value());
  CHECK_FALSE(second.utilization.has_value());
  CHECK_FALSE(nvml.energy_j(gpu(nvml, 1)).has_value());
}

TEST_CASE("nvml: MIG slices are devices") {
  const FakeDriver driver;
  const Nvml nvml(driver.library());
  CHECK_FALSE(nvml.in_mig_mode(gpu(nvml, 0)));
  CHECK(nvml.slices(gpu(nvml, 0)).empty());
  CHECK(nvml.in_mig_mode(gpu(nvml, 1)));
  const std::vector<Nvml::Device> slices = nvml.slices(gpu(nvml, 1));
  REQUIRE(slices.size() == 2);
  CHECK(nvml.name(slices[1]) == "NVIDIA A100 MIG 4g.20gb");
  CHECK(nvml.memory(slices[1])->total_bytes == 21474836480);
  CHECK(nvml.find("MIG-12") == slices[1]);
  CHECK_FALSE(nvml.read(slices[1]).power_w.has_value());
}

TEST_CASE("nvml: a sensor that fails, a GPU that falls off the bus") {
  const FakeDriver driver(
      "gpu name=A uuid=GPU-a total=1000 power=1000 powerless_after=2\n"
      "gpu name=B uuid=GPU-b total=1000 power=1000 lost_after=2\n");
  const Nvml nvml(driver.library());
  const Nvml::Device a = gpu(nvml, 0);
  const Nvml::Device b = gpu(nvml, 1);
  CHECK(nvml.read(a).power_w == 1);
  CHECK(nvml.read(a).power_w == 1);
  CHECK_FALSE(nvml.read(a).power_w.has_value());
  CHECK(nvml.read(a).memory_used_bytes == 0);
  CHECK(nvml.loss(a) == "");

  CHECK(nvml.read(b).power_w == 1);
  CHECK(nvml.loss(b) == "");
  CHECK_FALSE(nvml.read(b).power_w.has_value());
  CHECK_FALSE(nvml.read(b).memory_used_bytes.has_value());
  CHECK(nvml.loss(b) == "GPU is lost");
  std::string why;
  CHECK_FALSE(nvml.device(1, why).has_value());
  CHECK(why == "GPU is lost");
}

TEST_CASE("nvml: functions that an old driver lacks are absent values") {
  const FakeDriver driver;
  const Nvml nvml(mlrun::test::old_fake_nvml().string());
  REQUIRE(nvml.count() == 2);
  const Nvml::Device first = gpu(nvml, 0);
  CHECK(nvml.name(first) == "NVIDIA H100 80GB HBM3");
  CHECK(nvml.memory(first)->total_bytes == 85899345920);
  CHECK(nvml.compute_capability(first) == "");
  CHECK(nvml.bus(first) == "");
  CHECK_FALSE(nvml.in_mig_mode(gpu(nvml, 1)));
  CHECK(nvml.slices(gpu(nvml, 1)).empty());
  CHECK_FALSE(nvml.read(first).power_w.has_value());
}

TEST_CASE("nvml: a machine without a driver says what is missing") {
  CHECK(refusal("libnvidia-ml-none.so.1")
            .starts_with(
                "no NVIDIA driver here: libnvidia-ml-none.so.1: cannot open shared object file"));
  CHECK(refusal("libm.so.6") == "no NVIDIA driver here: libm.so.6: it is not NVML");
  const Setting none("FAKE_NVML", std::nullopt);
  const std::string library = mlrun::test::fake_nvml().string();
  CHECK(refusal(library) == "no NVIDIA driver here: " + library + ": Driver Not Loaded");
}
