// Stands in for the CUDA files in a build without CUDA.
#include "device/gpu.h"

namespace mlrun::device {

std::string gpu_absence() {
  return "this mlrun computes on CPUs only; a GPU version is not written yet";
}

}  // namespace mlrun::device
