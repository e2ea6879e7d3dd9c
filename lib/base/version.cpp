#include "base/version.h"

namespace mlrun {

std::string version() { return MLRUN_VERSION; }

std::string git_revision() { return MLRUN_GIT_REVISION; }

}  // namespace mlrun
