#include "data/refuse.h"

#include "base/error.h"

namespace mlrun::data {

void refuse(const config::DatasetSpec& spec, const std::string& message) {
  throw InputError(render_error(spec.source_mark, message));
}

void refuse_setting(const config::DatasetSpec& spec, const char* key, const std::string& message,
                    const std::string& item) {
  const Mark* mark = spec.marks.find(key, item);
  throw InputError(render_error(mark ? *mark : spec.source_mark, message));
}

}  // namespace mlrun::data
