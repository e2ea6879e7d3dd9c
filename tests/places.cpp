#include "places.h"

namespace mlrun::test {

const std::filesystem::path& program() {
  static const std::filesystem::path path = MLRUN_BINARY;
  return path;
}

const std::filesystem::path& fake_nvml() {
  static const std::filesystem::path path = MLRUN_FAKE_NVML;
  return path;
}

const std::filesystem::path& old_fake_nvml() {
  static const std::filesystem::path path = MLRUN_OLD_FAKE_NVML;
  return path;
}

const std::filesystem::path& tests_folder() {
  static const std::filesystem::path path = MLRUN_TESTS_DIR;
  return path;
}

bool has_cuda_module() { return MLRUN_HAS_CUDA_MODULE; }

}  // namespace mlrun::test
