#include "data/number_lines.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "config/scalar.h"
#include "data/line_blocks.h"
#include "data/text_error.h"

namespace mlrun::data {
namespace {

constexpr std::string_view kSeparators = " \t,\r";

}  // namespace

NumberLine::NumberLine(const std::filesystem::path& file, int number, std::string_view text)
    : file_(file), number_(number), text_(text) {
  for (size_t begin = text.find_first_not_of(kSeparators); begin != std::string_view::npos;) {
    const size_t end = std::min(text.find_first_of(kSeparators, begin), text.size());
    cells_.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(kSeparators, end);
  }
}

void NumberLine::fail(size_t i, const std::string& message) const {
  const size_t at = i < cells_.size() ? static_cast<size_t>(cells_[i].data() - text_.data())
                                      : text_.find_last_not_of(kSeparators) + 1;
  throw text_error(file_, {number_, static_cast<int>(at) + 1, text_}, message);
}

int64_t NumberLine::whole(size_t i, int64_t least, int64_t most, std::string_view what) const {
  if (i >= cells_.size()) fail(i, fmt::format("{} is missing", what));
  const auto value = config::parse_int(cells_[i]);
  if (!value)
    fail(i, fmt::format("{} must be a whole number, not '{}'", what, shortened(cells_[i])));
  if (*value < least || *value > most) {
    fail(i, fmt::format("{} must be from {} to {}, not {}", what, least, most, *value));
  }
  return *value;
}

float NumberLine::real(size_t i, std::string_view what) const {
  if (i >= cells_.size()) fail(i, fmt::format("{} is missing", what));
  const auto value = config::parse_float(cells_[i]);
  if (!value) fail(i, fmt::format("{} must be a number, not '{}'", what, shortened(cells_[i])));
  return static_cast<float>(*value);
}

std::string read_number_lines(const std::filesystem::path& file,
                              const std::function<void(const NumberLine&)>& work) {
  LineBlocks blocks(file);
  LineBlock block;
  int number = 0;
  while (blocks.next(block)) {
    for (std::string_view rest = block.text; !rest.empty();) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      const NumberLine line(file, ++number, rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (line.size() == 0 || line.cell(0)[0] == '#' || line.cell(0)[0] == '%') continue;
      work(line);
    }
  }
  return blocks.sha256();
}

}  // namespace mlrun::data
