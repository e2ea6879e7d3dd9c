#include "store/derived_file.h"

#include <algorithm>

#include "base/error.h"

namespace mlrun::store {

Attributes::value_type derived_mark() { return {"mlrun_output", int64_t{1}}; }

bool is_derived_file(const std::filesystem::path& path) {
  try {
    const Attributes attributes = File::open(path).attributes();
    return std::any_of(attributes.begin(), attributes.end(),
                       [](const auto& one) { return one.first == derived_mark().first; });
  } catch (const Error&) {
    return false;
  }
}

}  // namespace mlrun::store
