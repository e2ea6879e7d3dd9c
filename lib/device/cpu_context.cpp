#include "device/cpu_context.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace mlrun::device {
namespace {

constexpr std::align_val_t kAlignment{256};

}  // namespace

Memory CpuContext::allocate(int64_t bytes) {
  const auto size = static_cast<size_t>(std::max<int64_t>(bytes, 1));
  auto* memory = static_cast<std::byte*>(::operator new[](size, kAlignment));
  std::memset(memory, 0, size);
  return Memory(memory, {this});
}

void CpuContext::release(std::byte* memory) { ::operator delete[](memory, kAlignment); }

void CpuContext::upload(void* to, const void* from, int64_t bytes) {
  if (bytes > 0) std::memcpy(to, from, static_cast<size_t>(bytes));
}

void CpuContext::download(void* to, const void* from, int64_t bytes) {
  if (bytes > 0) std::memcpy(to, from, static_cast<size_t>(bytes));
}

}  // namespace mlrun::device
