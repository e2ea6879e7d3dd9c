#include "data/text_error.h"

#include <memory>

#include "base/source.h"

namespace mlrun::data {

InputError file_error(const std::filesystem::path& file, std::string_view message) {
  Mark mark;
  mark.source = std::make_shared<SourceText>(SourceText{file.string(), {}});
  return InputError(render_error(mark, message));
}

InputError text_error(const std::filesystem::path& file, const TextPlace& place,
                      std::string_view message) {
  auto source =
      std::make_shared<SourceText>(SourceText{file.string(), std::string(place.text), place.line});
  return InputError(render_error({source, place.line, place.column}, message));
}

}  // namespace mlrun::data
