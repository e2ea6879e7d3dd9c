#include "base/error.h"

#include <cerrno>
#include <cstring>

namespace mlrun {

void throw_errno(const std::string& what) { throw Error(what + ": " + std::strerror(errno)); }

}  // namespace mlrun
