#include "emulation/context.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <new>

#include "base/error.h"
#include "gpu.h"

namespace mlrun::emulation {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kAlignment = 256;

size_t rounded(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

struct Recorded : device::Recording {
  std::vector<std::function<void()>> kernels;
};

}  // namespace

bool is_worth_running() {
#if defined(__SANITIZE_THREAD__)
  return false;
#else
  return !test::on_gpu_only();
#endif
}

// Memory is open as long as this lives: that around an address, or all of it.
class EmulatedContext::Open {
 public:
  explicit Open(const EmulatedContext& context)
      : begin_(context.mappings_.begin()), end_(context.mappings_.end()) {
    protect(PROT_READ | PROT_WRITE);
  }
  Open(const EmulatedContext& context, const void* address)
      : begin_(context.mappings_.end()), end_(context.mappings_.end()) {
    const auto behind = context.mappings_.upper_bound(static_cast<const std::byte*>(address));
    if (behind == context.mappings_.begin()) throw Error("no memory of this context");
    begin_ = std::prev(behind);
    end_ = behind;
    protect(PROT_READ | PROT_WRITE);
  }
  ~Open() { protect(PROT_NONE); }

 private:
  void protect(int protection) const {
    for (auto one = begin_; one != end_; ++one) {
      if (::mprotect(one->second.start, one->second.bytes, protection) != 0) std::abort();
    }
  }

  Mappings::const_iterator begin_;
  Mappings::const_iterator end_;
};

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
  const Open open(*this, to);
  if (bytes > 0) std::memcpy(to, from, static_cast<size_t>(bytes));
}

void EmulatedContext::download(void* to, const void* from, int64_t bytes) {
  if (recorded_) throw Error("download inside a recording");
  const Open open(*this, from);
  if (bytes > 0) std::memcpy(to, from, static_cast<size_t>(bytes));
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
