#include "base/hex.h"

#include "base/error.h"

namespace mlrun {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

unsigned digit(char c) {
  const size_t at = kDigits.find(c);
  if (at == std::string_view::npos) throw Error("not a hexadecimal digit");
  return static_cast<unsigned>(at);
}

}  // namespace

std::string to_hex(std::string_view bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string from_hex(std::string_view text) {
  if (text.size() % 2 != 0) throw Error("half a hexadecimal byte");
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2) {
    bytes += static_cast<char>(digit(text[i]) << 4 | digit(text[i + 1]));
  }
  return bytes;
}

}  // namespace mlrun
