// What a program says beside its results.
#pragma once

#include <string_view>

namespace mlrun {

/// Writes text for people to stderr, at once. Whoever does not read it misses it: that is no error,
/// and no reason to end the work.
void tell(std::string_view text);

}  // namespace mlrun
