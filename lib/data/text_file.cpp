#include "data/text_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "data/byte_source.h"
#include "data/text_error.h"

namespace mlrun::data {
namespace {

std::string read_bytes(const SourceFile& file, Provenance& provenance) {
  const std::unique_ptr<ByteSource> bytes = open_bytes(file.path);
  constexpr size_t kPiece = size_t{1} << 20;
  std::string text;
  for (size_t got = kPiece; got == kPiece;) {
    const size_t size = text.size();
    text.resize(size + kPiece);
    got = bytes->read(text.data() + size, kPiece);
    text.resize(size + got);
  }
  provenance.add(file, bytes->sha256());
  return text;
}

// Latin-1 numbers its characters as Unicode does.
std::string from_latin1(std::string_view text) {
  std::string converted;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x80) {
      converted += c;
    } else {
      converted += static_cast<char>(0xc0 | byte >> 6);
      converted += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return converted;
}

[[noreturn]] void fail_at(const SourceFile& file, std::string_view text, size_t at) {
  const size_t begin = text.rfind('\n', at) + 1;  // npos + 1 is 0
  const auto line =
      static_cast<int>(std::count(text.begin(), text.begin() + int64_t(at), '\n')) + 1;
  const std::string_view shown = text.substr(begin, at - begin);
  throw text_error(file.path, {line, static_cast<int>(at - begin) + 1, shown},
                   fmt::format("the text is not UTF-8: byte 0x{:02x}; if it is Latin-1, set "
                               "dataset.encoding: latin-1",
                               static_cast<uint8_t>(text[at])));
}

}  // namespace

std::string read_text(const SourceFile& file, config::Encoding encoding, Provenance& provenance) {
  std::string text = read_bytes(file, provenance);
  refuse_utf16(file.path, text);
  if (encoding == config::Encoding::kLatin1) return from_latin1(text);
  for (size_t at = 0; at < text.size();) {
    const size_t length = utf8_length(std::string_view(text).substr(at));
    if (length == 0) fail_at(file, text, at);
    at += length;
  }
  return text;
}

std::vector<std::string> read_lines(const SourceFile& file, config::Encoding encoding,
                                    Provenance& provenance) {
  const std::string text = read_text(file, encoding, provenance);
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    if (lines.back().ends_with('\r')) lines.back().pop_back();
    at = end + 1;
  }
  return lines;
}

}  // namespace mlrun::data
