#include "gpu.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <string>
#include <string_view>

#include "train/gpu.h"
#include "trials/gpu_absence.h"

namespace mlrun::test {
namespace {

const std::string& absence() {
  static const std::string absence = train::why_no_gpu();
  return absence;
}

bool is_there(const std::string& why_not) {
  if (!why_not.empty() && on_gpu_only()) FAIL("needs a GPU: " << why_not);
  return why_not.empty();
}

bool is_there_or_said(const std::string& why_not) {
  if (is_there(why_not)) return true;
  MESSAGE("needs a GPU: skipped (", why_not, ")");
  return false;
}

}  // namespace

bool on_gpu_only() {
  const char* value = ::getenv("MLRUN_TESTS_ON");
  return value && value == std::string_view("gpu");
}

bool gpu_is_there() { return is_there(absence()); }

bool has_gpu() { return is_there_or_said(absence()); }

bool workers_have_gpu() { return is_there_or_said(trials::gpu_absence()); }

}  // namespace mlrun::test
