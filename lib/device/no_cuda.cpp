// Stands in for the CUDA files in a build without CUDA.
#include "device/gpu.h"

namespace mlrun::device {

std::string gpu_absence() { return "built without CUDA; configure with --preset cuda"; }

}  // namespace mlrun::device
