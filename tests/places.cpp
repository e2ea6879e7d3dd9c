#include "places.h"

namespace mlrun::test {

const std::filesystem::path& program() {
  static const std::filesystem::path path = MLRUN_BINARY;
  return path;
}

const std::filesystem::path& tests_folder() {
  static const std::filesystem::path path = MLRUN_TESTS_DIR;
  return path;
}

}  // namespace mlrun::test
