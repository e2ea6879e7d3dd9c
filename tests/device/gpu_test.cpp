#include "device/gpu.h"

#include <doctest/doctest.h>

using namespace mlrun::device;

namespace {

std::string listed(std::string_view value) {
  std::string text;
  const auto names = parse_visible_devices(value);
  REQUIRE(names.has_value());
  for (const GpuName& name : *names) {
    text += std::to_string(static_cast<int>(name.kind)) + ":" + name.text + " ";
  }
  return text;
}

}  // namespace

TEST_CASE("gpu: CUDA_VISIBLE_DEVICES") {
  CHECK_FALSE(parse_visible_devices(std::nullopt).has_value());
  CHECK(listed("") == "");
  CHECK(listed("-1") == "");
  CHECK(listed("NoDevFiles") == "");
  CHECK(listed("0, 2") == "0:0 0:2 ");
  CHECK(listed("1,-1,0") == "0:1 ");
  CHECK(listed("3,") == "0:3 ");
  CHECK(listed("GPU-8932f937,MIG-GPU-1a/3/0") == "1:GPU-8932f937 2:MIG-GPU-1a/3/0 ");
  CHECK(parse_visible_devices("7")->front() == GpuName{GpuName::Kind::kIndex, 7, "7"});
}
