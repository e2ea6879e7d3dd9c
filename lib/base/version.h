// Which mlrun this is.
#pragma once

#include <string>

namespace mlrun {

/// "0.1.0".
std::string version();

/// The commit it was configured from, "-dirty" if there were changes; "" outside a checkout.
std::string git_revision();

}  // namespace mlrun
