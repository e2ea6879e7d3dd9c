#include "store/bytes.h"

#include <fmt/format.h>

#include <limits>

#include "base/error.h"

namespace mlrun::store {

void ByteWriter::put_count(size_t count) {
  if (count > std::numeric_limits<uint32_t>::max()) {
    throw Error(fmt::format("message: a list of {} elements is too long", count));
  }
  put(static_cast<uint32_t>(count));
}

std::string_view ByteReader::take(size_t size) {
  if (size > rest_.size()) {
    throw Error(fmt::format("message: {} bytes expected, {} left", size, rest_.size()));
  }
  const std::string_view bytes = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return bytes;
}

std::vector<std::string> ByteReader::get_strings() {
  const uint32_t count = get<uint32_t>();
  std::vector<std::string> texts;
  // No reserve: a corrupt count must fail in take(), not in the allocator.
  for (uint32_t i = 0; i < count; ++i) texts.push_back(get_string());
  return texts;
}

void ByteReader::expect_end() const {
  if (!at_end()) throw Error(fmt::format("message: {} bytes too many", rest_.size()));
}

}  // namespace mlrun::store
