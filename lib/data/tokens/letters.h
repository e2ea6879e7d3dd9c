// What words are made of.
#pragma once

#include <string>

namespace mlrun::data {

/// Letters and digits; every byte of a character beyond ASCII counts as one.
inline bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (c & '\x80') != 0;
}

/// Of ASCII letters.
inline void to_lower(std::string& word) {
  for (char& c : word) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
}

}  // namespace mlrun::data
