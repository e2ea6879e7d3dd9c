#include "data/text_error.h"

#include <memory>

#include "base/source.h"

namespace mlrun::data {

InputError file_error(const std::filesystem::path& file, std::string_view message) {
  Mark mark;
  mark.source = std::make_shared<SourceText>(SourceText{file.string(), {}});
  return InputError(render_error(mark, message));
}

void refuse_utf16(const std::filesystem::path& file, std::string_view bytes) {
  if (!bytes.starts_with("\xFF\xFE") && !bytes.starts_with("\xFE\xFF")) return;
  throw file_error(file,
                   "the text is UTF-16; convert it to UTF-8: iconv -f UTF-16 -t UTF-8 <old >new");
}

InputError text_error(const std::filesystem::path& file, const TextPlace& place,
                      std::string_view message) {
  auto source =
      std::make_shared<SourceText>(SourceText{file.string(), std::string(place.text), place.line});
  return InputError(render_error({source, place.line, place.column}, message));
}

}  // namespace mlrun::data
