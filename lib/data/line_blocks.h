// A text file as blocks of whole lines.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/byte_source.h"

namespace mlrun::data {

struct LineBlock {
  int64_t index = 0;
  std::vector<char> buffer;  ///< reused from block to block
  std::string_view text;     ///< in `buffer`; ends after a newline, or at the end of the file
};

/// Not thread-safe. A byte order mark at the start is left out; InputError if it is that of UTF-16.
class LineBlocks {
 public:
  explicit LineBlocks(const std::filesystem::path& path);

  /// False at the end of the file. Blocks grow beyond their usual size for very long lines, and
  /// until they hold `least_lines`.
  bool next(LineBlock& block, int64_t least_lines = 1);

  std::string sha256() { return source_->sha256(); }

 private:
  std::filesystem::path path_;
  std::unique_ptr<ByteSource> source_;
  std::string rest_;  ///< start of a line whose end is in the next block
  int64_t index_ = 0;
};

}  // namespace mlrun::data
