#include "emulation/context.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "base/error.h"

namespace mlrun::emulation {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kAlignment = 256;

size_t rounded(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

struct Recorded : device::Recording {
  std::vector<std::function<void()>> kernels;
};

}  // namespace

// The memory is open as long as this lives.
class EmulatedContext::Open {
 public:
  explicit Open(EmulatedContext& context) : context_(context) {
    context_.protect(PROT_READ | PROT_WRITE);
  }
  ~Open() { context_.protect(PROT_NONE); }

 private:
  EmulatedContext& context_;
};

void EmulatedContext::protect(int protection) {
  for (const auto& [memory, mapping] : mappings_) {
    if (::mprotect(mapping.start, mapping.bytes, protection) != 0) throw_errno("mprotect");
  }
}

// Ends as near before the guard page as the alignment allows.
device::Memory EmulatedContext::allocate(int64_t bytes) {
  const size_t size = rounded(static_cast<size_t>(std::max<int64_t>(bytes, 1)), kAlignment);
  Mapping mapping;
  mapping.bytes = rounded(size, kPage);
  mapping.whole_bytes = mapping.bytes + kPage;
  void* start = ::mmap(nullptr, mapping.whole_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) throw std::bad_alloc();
  mapping.start = static_cast<std::byte*>(start);
  std::byte* memory = mapping.start + (mapping.bytes - size);
  mappings_.emplace(memory, mapping);
  return device::Memory(memory, {this});
}

void EmulatedContext::release(std::byte* memory) {
  const auto found = mappings_.find(memory);
  ::munmap(found->second.start, found->second.whole_bytes);
  mappings_.erase(found);
}

void EmulatedContext::upload(void* to, const void* from, int64_t bytes) {
  if (recorded_) throw Error("upload inside a recording");
  const Open open(*this);
  std::memcpy(to, from, static_cast<size_t>(bytes));
}

void EmulatedContext::download(void* to, const void* from, int64_t bytes) {
  if (recorded_) throw Error("download inside a recording");
  const Open open(*this);
  std::memcpy(to, from, static_cast<size_t>(bytes));
}

void EmulatedContext::launch(std::function<void()> kernel) {
  ++launches_;
  if (recorded_) return recorded_->push_back(std::move(kernel));
  const Open open(*this);
  kernel();
}

void EmulatedContext::replay(std::unique_ptr<device::Recording>& recording,
                             device::FunctionRef<void()> launches) {
  if (!recording) {
    recording = std::make_unique<Recorded>();
    return launches();
  }
  std::vector<std::function<void()>>& kernels = static_cast<Recorded&>(*recording).kernels;
  if (kernels.empty()) {
    recorded_ = &kernels;
    launches();
    recorded_ = nullptr;
  }
  const Open open(*this);
  for (const std::function<void()>& kernel : kernels) kernel();
}

}  // namespace mlrun::emulation
