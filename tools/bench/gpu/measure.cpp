#include "measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>

#include "base/philox.h"

namespace mlrun::bench {

int run_program(const char* name, void (*run)(int argc, char** argv), int argc, char** argv) {
  try {
    run(argc, argv);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", name, error.what());
    return 1;
  }
}

device::DeviceMemory make_bytes(size_t size) { return device::make_device_memory(size); }

std::vector<uint16_t> random_bits(uint64_t elements, uint64_t salt) {
  std::vector<uint16_t> values(elements);
  const PhiloxStream random(salt, Purpose::kInitialise);
  PhiloxBlock block{};
  for (uint64_t i = 0; i < elements; ++i) {
    if (i % 8 == 0) block = random.block(0, i / 8);
    const uint32_t half = block[i % 8 / 2] >> (i % 2 * 16);
    values[i] = static_cast<uint16_t>(0x3f80u | (half & 0x807fu));
  }
  return values;
}

device::DeviceMemory to_device(const std::vector<uint16_t>& values) {
  device::DeviceMemory memory = make_bytes(values.size() * kBfloat16);
  MLRUN_CUDA_CHECK(
      cudaMemcpy(memory.get(), values.data(), values.size() * kBfloat16, cudaMemcpyHostToDevice));
  return memory;
}

double median(std::vector<double> values) {
  std::erase_if(values, [](double x) { return std::isnan(x); });
  if (values.empty()) return std::nan("");
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

GpuClock::GpuClock() {
  for (device::Event* event : {&begin_, &end_}) {
    cudaEvent_t made = nullptr;
    MLRUN_CUDA_CHECK(cudaEventCreate(&made));
    event->reset(made);
  }
}

void GpuClock::begin() { MLRUN_CUDA_CHECK(cudaEventRecord(begin_.get())); }

double GpuClock::end() {
  MLRUN_CUDA_CHECK(cudaEventRecord(end_.get()));
  MLRUN_CUDA_CHECK(cudaEventSynchronize(end_.get()));
  float milliseconds = 0;
  MLRUN_CUDA_CHECK(cudaEventElapsedTime(&milliseconds, begin_.get(), end_.get()));
  return 1e-3 * static_cast<double>(milliseconds);
}

}  // namespace mlrun::bench
