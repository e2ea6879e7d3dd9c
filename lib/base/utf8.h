// UTF-8, as far as error messages and checks need it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mlrun {

/// Bytes of the character that `text` starts with; 0 if it starts with none (RFC 3629: no overlong
/// forms, no surrogates, nothing above U+10FFFF).
size_t utf8_length(std::string_view text);

/// Offset of the first byte that is not UTF-8 text, or npos. Control characters other than tab and
/// the ends of lines are no text.
size_t find_non_text(std::string_view text);

/// The text, or its first `most` bytes, less a character that is cut, and "..." behind them.
std::string shortened(std::string_view text, size_t most = 60);

}  // namespace mlrun
