#include "data/refuse.h"

#include "base/error.h"

namespace mlrun::data {

void refuse(const config::DatasetSpec& spec, const std::string& message) {
  throw InputError(render_error(spec.source_mark, message));
}

}  // namespace mlrun::data
