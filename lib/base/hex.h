// Bytes as hexadecimal text.
#pragma once

#include <string>
#include <string_view>

namespace mlrun {

/// Two lower-case digits a byte.
std::string to_hex(std::string_view bytes);

/// The bytes of to_hex(). Throws Error on anything else.
std::string from_hex(std::string_view text);

}  // namespace mlrun
