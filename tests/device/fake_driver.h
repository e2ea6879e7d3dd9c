// A GPU driver for a test: the fake NVML with a description of its GPUs.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "places.h"
#include "scratch_folder.h"

namespace mlrun::test {

/// Sets a variable of the environment as long as it lives; no value: unsets it.
class Setting {
 public:
  Setting(const char* name, std::optional<std::string> value) : name_(name) {
    if (const char* before = ::getenv(name)) before_ = before;
    set(value);
  }
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;
  ~Setting() { set(before_); }

 private:
  void set(const std::optional<std::string>& value) {
    if (value) {
      ::setenv(name_, value->c_str(), 1);
    } else {
      ::unsetenv(name_);
    }
  }

  const char* name_;
  std::optional<std::string> before_;
};

/// Two GPUs of 80 GB, the second in two MIG slices.
inline constexpr const char* kTwoGpus =
    "gpu name=NVIDIA_H100_80GB_HBM3 uuid=GPU-8932f937-aa total=85899345920 used=1073741824 "
    "capability=9.0 power=123456 temperature=41 clock=1980 utilization=87 energy=5000 "
    "bus=00000000:17:00.0 mig=0\n"
    "gpu name=NVIDIA_A100 uuid=GPU-89ab total=42949672960 capability=8.0 power=60000 mig=1\n"
    "slice name=NVIDIA_A100_MIG_3g.20gb uuid=MIG-11 total=21474836480\n"
    "slice name=NVIDIA_A100_MIG_4g.20gb uuid=MIG-12 total=21474836480\n";

/// While it lives, NVML that is opened from library() has the GPUs described (fake_nvml.cpp says
/// how), and nothing hides them.
class FakeDriver {
 public:
  explicit FakeDriver(const std::string& gpus = kTwoGpus) : path_(folder_ / "gpus") {
    std::ofstream(path_) << gpus;
    nvml_.emplace("FAKE_NVML", path_.string());
    visible_.emplace("CUDA_VISIBLE_DEVICES", std::nullopt);
  }

  std::string library() const { return fake_nvml().string(); }
  /// A file of the test's, for lost_file=.
  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }

 private:
  ScratchFolder folder_;
  std::filesystem::path path_;
  std::optional<Setting> nvml_;
  std::optional<Setting> visible_;
};

}  // namespace mlrun::test
