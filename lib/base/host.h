// The machine that a program runs on.
#pragma once

#include <string>

namespace mlrun {

/// Its name in the network.
std::string host_name();

}  // namespace mlrun
