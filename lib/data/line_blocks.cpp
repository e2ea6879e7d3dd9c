#include "data/line_blocks.h"

#include <algorithm>

#include "data/text_error.h"

namespace mlrun::data {
namespace {

constexpr size_t kBlockSize = size_t{1} << 20;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

LineBlocks::LineBlocks(const std::filesystem::path& path)
    : path_(path), source_(open_bytes(path)) {}

bool LineBlocks::next(LineBlock& block, int64_t least_lines) {
  size_t filled = rest_.size();
  size_t whole = 0;  // bytes of complete lines
  bool at_end = false;
  block.buffer.resize(std::max(block.buffer.size(), filled + kBlockSize));
  std::copy(rest_.begin(), rest_.end(), block.buffer.begin());
  while (whole == 0 && !at_end) {
    if (filled == block.buffer.size()) block.buffer.resize(2 * filled);
    const size_t want = block.buffer.size() - filled;
    const size_t got = source_->read(block.buffer.data() + filled, want);
    at_end = got < want;
    filled += got;
    const std::string_view text(block.buffer.data(), filled);
    const bool enough =
        least_lines == 1 || std::count(text.begin(), text.end(), '\n') >= least_lines;
    whole = at_end ? filled : enough ? text.rfind('\n') + 1 : 0;
  }
  rest_.assign(block.buffer.data() + whole, filled - whole);
  block.text = {block.buffer.data(), whole};
  if (index_ == 0) {
    refuse_utf16(path_, block.text);
    if (block.text.starts_with(kByteOrderMark)) block.text.remove_prefix(3);
  }
  block.index = index_++;
  return whole > 0;
}

}  // namespace mlrun::data
