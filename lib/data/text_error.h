// Errors that point into a data file.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"

namespace mlrun::data {

/// A place in a text that is read piece by piece.
struct TextPlace {
  int line = 0;           ///< from 1
  int column = 0;         ///< from 1, in bytes
  std::string_view text;  ///< the line itself
};

/// "file: error: message".
InputError file_error(const std::filesystem::path& file, std::string_view message);

/// Throws the error of a file whose bytes start as a text in UTF-16 does.
void refuse_utf16(const std::filesystem::path& file, std::string_view bytes);

/// "file:line:column: error: message", the line, and a caret.
InputError text_error(const std::filesystem::path& file, const TextPlace& place,
                      std::string_view message);

}  // namespace mlrun::data
