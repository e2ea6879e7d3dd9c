// The distinct texts of a column.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace mlrun::data {

/// Where a text stood.
struct TextOrigin {
  size_t file = 0;
  int64_t line = 0;
  int column = 0;
};

/// Numbers texts 0, 1, ... in the order of their first appearance, and remembers where that was.
class Dictionary {
 public:
  struct Entry {
    std::string text;
    TextOrigin origin;
  };

  int32_t add(std::string_view text, const TextOrigin& origin);
  void clear();
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, int32_t, Hash, std::equal_to<>> codes_;
  std::vector<Entry> entries_;
};

/// 2^53: from here on double does not tell all whole numbers apart, such as identifiers of 64 bits.
inline constexpr double kInexact = 9007199254740992;

/// Classes in their final order: by value if all are numbers below 2^53 (1 and 1.0 are the same
/// class, named "1") and not `verbatim`, else by text.
struct SortedClasses {
  std::vector<std::string> names;
  std::vector<int32_t> code;  ///< of each entry of the dictionary
  bool numeric = false;
};

SortedClasses sort_classes(const Dictionary& dictionary, bool verbatim = false);

}  // namespace mlrun::data
