// What yaml-cpp complains about, in words that say what to do.
#pragma once

#include <string>

#include "base/source.h"

namespace YAML {
class Exception;
}

namespace mlrun::config {

struct SyntaxError {
  Mark mark;
  std::string message;
};

/// `open_bracket` is where the innermost { or [ was that is still open, if there is one.
SyntaxError explain_syntax(const YAML::Exception& error, const Mark& at, const Mark& open_bracket);

}  // namespace mlrun::config
