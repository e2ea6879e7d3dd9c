// Which mlrun this is.
#pragma once

#include <string>

namespace mlrun {

/// "0.1.0".
std::string version();

}  // namespace mlrun
