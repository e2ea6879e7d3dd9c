#include "base/tell.h"

#include <cstdio>

namespace mlrun {

void tell(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace mlrun
