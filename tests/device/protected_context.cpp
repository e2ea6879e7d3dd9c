#include "device/protected_context.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

#include "base/error.h"
#include "ops/cpu_kernels.h"

namespace mlrun::test {
namespace {

constexpr int64_t kPage = 4096;

struct Recorded : device::Recording {};

}  // namespace

// Opens what has been allocated while it lives.
class ProtectedContext::Access {
 public:
  explicit Access(ProtectedContext& context) : context_(context) {
    protect(PROT_READ | PROT_WRITE);
  }
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;
  ~Access() { protect(PROT_NONE); }

 private:
  void protect(int access) {
    ::mprotect(context_.memory_, static_cast<size_t>(context_.used_), access);
  }

  ProtectedContext& context_;
};

ProtectedContext::ProtectedContext(int threads, int64_t capacity)
    : CpuContext(threads), capacity_(capacity) {
  void* memory = ::mmap(nullptr, static_cast<size_t>(capacity), PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw_errno("reserve memory");
  memory_ = static_cast<std::byte*>(memory);
}

ProtectedContext::~ProtectedContext() { ::munmap(memory_, static_cast<size_t>(capacity_)); }

// Each begins at a page of its own.
device::Memory ProtectedContext::allocate(int64_t bytes) {
  const int64_t size = (std::max<int64_t>(bytes, 1) + kPage - 1) / kPage * kPage;
  if (used_ + size > capacity_) throw std::bad_alloc();
  std::byte* memory = memory_ + used_;
  used_ += size;
  blocks_.push_back({memory, false});
  return device::Memory(memory, {this});
}

// What lies before others is there again when they are gone.
void ProtectedContext::release(std::byte* memory) {
  for (Block& block : blocks_) block.is_free = block.is_free || block.begin == memory;
  while (!blocks_.empty() && blocks_.back().is_free) {
    const int64_t begin = blocks_.back().begin - memory_;
    ::madvise(memory_ + begin, static_cast<size_t>(used_ - begin), MADV_DONTNEED);  // zeros again
    used_ = begin;
    blocks_.pop_back();
  }
}

void ProtectedContext::upload(void* to, const void* from, int64_t bytes) {
  ++calls_.uploads;
  const Access access(*this);
  CpuContext::upload(to, from, bytes);
}

void ProtectedContext::download(void* to, const void* from, int64_t bytes) {
  ++calls_.downloads;
  const Access access(*this);
  CpuContext::download(to, from, bytes);
}

void ProtectedContext::replay(std::unique_ptr<device::Recording>& recording,
                              device::FunctionRef<void()> launches) {
  ++calls_.launches;
  if (!recording) {
    ++calls_.records;
    recording = std::make_unique<Recorded>();
  }
  const Access access(*this);
  launches();
}

graph::BackendFactory protected_backend(int64_t capacity, const ProtectedContext** last) {
  return [=](int threads) {
    auto context = std::make_unique<ProtectedContext>(threads, capacity);
    if (last) *last = context.get();
    return graph::Backend{&ops::cpu_kernels(), std::move(context)};
  };
}

}  // namespace mlrun::test
