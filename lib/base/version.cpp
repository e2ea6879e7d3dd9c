#include "base/version.h"

namespace mlrun {

std::string version() { return MLRUN_VERSION; }

}  // namespace mlrun
