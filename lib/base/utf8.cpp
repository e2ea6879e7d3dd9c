#include "base/utf8.h"

#include <cstdint>

namespace mlrun {
namespace {

uint8_t byte(std::string_view text, size_t i) { return static_cast<uint8_t>(text[i]); }

bool is_control(char c) {
  const auto b = static_cast<uint8_t>(c);
  return (b < 0x20 && c != '\t' && c != '\n' && c != '\r') || b == 0x7f;
}

}  // namespace

size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const uint8_t first = byte(text, 0);
  if (first < 0x80) return 1;
  const size_t length = first < 0xc2   ? 0
                        : first < 0xe0 ? 2
                        : first < 0xf0 ? 3
                        : first < 0xf5 ? 4
                                       : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(text, i) & 0xc0) != 0x80) return 0;
  }
  const uint8_t second = byte(text, 1);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool surrogate = first == 0xed && second > 0x9f;
  const bool too_large = first == 0xf4 && second > 0x8f;
  return overlong || surrogate || too_large ? 0 : length;
}

size_t find_non_text(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = utf8_length(text.substr(i));
    if (length == 0 || is_control(text[i])) return i;
    i += length;
  }
  return std::string_view::npos;
}

std::string shortened(std::string_view text, size_t most) {
  if (text.size() <= most) return std::string(text);
  const auto inside = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; };
  while (most > 0 && inside(text[most])) --most;
  return std::string(text.substr(0, most)) + "...";
}

}  // namespace mlrun
