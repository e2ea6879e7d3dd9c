#include "device/constants.h"

#include <algorithm>

namespace mlrun::device {

const std::byte* Constants::of(Context& context, std::span<const std::byte> bytes) {
  for (const Entry& entry : entries_) {
    if (std::ranges::equal(entry.bytes, bytes)) return entry.memory.get();
  }
  const auto size = static_cast<int64_t>(bytes.size());
  Entry entry{{bytes.begin(), bytes.end()}, context.allocate(size)};
  context.upload(entry.memory.get(), bytes.data(), size);
  entries_.push_back(std::move(entry));
  return entries_.back().memory.get();
}

}  // namespace mlrun::device
