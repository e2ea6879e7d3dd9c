// Whether workers could compute on a GPU.
#pragma once

#include <string>

namespace mlrun::trials {

/// Why no worker of this program could compute on a GPU, in words; "" if one could. Asked once, in
/// a process of its own: CUDA does not survive a fork, and this process is to fork workers.
const std::string& gpu_absence();

}  // namespace mlrun::trials
