// What the programs of this folder measure with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "device/cuda_handles.h"

namespace mlrun::bench {

/// The exit code of `run`; what it throws is said on stderr.
int run_program(const char* name, void (*run)(int argc, char** argv), int argc, char** argv);

inline constexpr size_t kBfloat16 = 2;  ///< bytes

device::DeviceMemory make_bytes(size_t size);

/// Bfloat16 numbers between 1 and 2 or -1 and -2, as bits: a product of zeros is faster than one of
/// numbers.
std::vector<uint16_t> random_bits(uint64_t elements, uint64_t salt);
device::DeviceMemory to_device(const std::vector<uint16_t>& values);

/// Of those that are not NaN; NaN of none.
double median(std::vector<double> values);

/// What a GPU needs for what is launched, on its own clock.
class GpuClock {
 public:
  GpuClock();

  template <class Launch>
  double seconds_of(Launch launch) {
    begin();
    launch();
    return end();
  }

  /// Median over rounds, of one call among many that follow each other; the first is not timed.
  template <class Launch>
  double burst(Launch launch) {
    constexpr int kRounds = 5;
    constexpr int kCalls = 10;  // of a round
    launch();
    std::vector<double> seconds;
    for (int round = 0; round < kRounds; ++round) {
      const double of_round = seconds_of([&] {
        for (int i = 0; i < kCalls; ++i) launch();
      });
      seconds.push_back(of_round / kCalls);
    }
    return median(seconds);
  }

  /// Median over repetitions for some seconds, after some for which the GPU may still choose its
  /// clock.
  template <class Launch>
  double sustained(Launch launch) {
    constexpr double kWarmUpSeconds = 2;
    constexpr double kSeconds = 3;
    repeat_for(kWarmUpSeconds, launch);
    return repeat_for(kSeconds, launch);
  }

 private:
  template <class Launch>
  double repeat_for(double limit, Launch launch) {
    std::vector<double> seconds;
    for (const Stopwatch watch; watch.seconds() < limit;) seconds.push_back(seconds_of(launch));
    return median(seconds);
  }

  void begin();
  double end();

  device::Event begin_, end_;
};

}  // namespace mlrun::bench
