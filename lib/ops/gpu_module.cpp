#include "ops/gpu_module.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/version.h"

namespace mlrun::ops {
namespace {

constexpr const char* kModule = "libmlrun_cuda.so";

// The loader names the file it did not find: the module, or one of the module's libraries.
[[noreturn]] void throw_load_error(const std::string& reason) {
  if (!reason.starts_with(fmt::format("{}: cannot open", kModule))) {
    throw Error(fmt::format("the GPU backend cannot be loaded: {}", reason));
  }
  throw Error(
      fmt::format("this mlrun computes on CPUs only: {} is not beside it; build it with "
                  "'cmake --preset cuda' (or -DMLRUN_CUDA=ON)",
                  kModule));
}

// Never closed: CUDA does not like to be unloaded.
const GpuBackend& open_module() {
  void* module = ::dlopen(kModule, RTLD_NOW | RTLD_LOCAL);
  if (!module) throw_load_error(::dlerror());
  const auto function = reinterpret_cast<GpuBackendFunction>(::dlsym(module, kGpuBackendSymbol));
  if (!function) throw Error(fmt::format("{} is no module of mlrun", kModule));
  const GpuBackend& backend = *function();
  if (backend.version != build_version()) {
    throw Error(fmt::format("{} is of mlrun {}, this is {}; build or install both together",
                            kModule, backend.version, build_version()));
  }
  return backend;
}

}  // namespace

std::string build_version() { return version() + " " + git_revision(); }

const GpuBackend& gpu_backend() {
  static const GpuBackend& backend = open_module();
  if (backend.device_count() == 0) throw Error("no GPU is visible to CUDA");
  return backend;
}

std::string why_no_gpu() {
  try {
    gpu_backend();
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace mlrun::ops
