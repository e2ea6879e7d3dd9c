// A device for tests: CPU kernels on memory that the host cannot touch.
#pragma once

#include <cstdint>
#include <vector>

#include "device/cpu_context.h"
#include "graph/backend.h"

namespace mlrun::test {

/// What a context was asked for.
struct ContextCalls {
  int64_t launches = 0;  ///< replay()
  int64_t records = 0;   ///< of them those that had to be recorded
  int64_t uploads = 0;
  int64_t downloads = 0;
};

/// Its memory is accessible inside replay(), upload() and download() only: a host that reads or
/// writes it anywhere else ends with a segmentation fault.
class ProtectedContext : public device::CpuContext {
 public:
  /// `capacity` bytes in all; what does not fit is std::bad_alloc.
  explicit ProtectedContext(int threads, int64_t capacity = int64_t{1} << 32);
  ProtectedContext(const ProtectedContext&) = delete;
  ProtectedContext& operator=(const ProtectedContext&) = delete;
  ~ProtectedContext() override;

  bool memory_is_hosts() const override { return false; }
  device::Memory allocate(int64_t bytes) override;
  int64_t free_bytes() const override { return capacity_ - used_; }
  void upload(void* to, const void* from, int64_t bytes) override;
  void download(void* to, const void* from, int64_t bytes) override;
  void replay(std::unique_ptr<device::Recording>& recording,
              device::FunctionRef<void()> launches) override;

  const ContextCalls& calls() const { return calls_; }

 private:
  class Access;
  struct Block {
    std::byte* begin = nullptr;
    bool is_free = false;
  };

  void release(std::byte* memory) override;

  std::byte* memory_;
  std::vector<Block> blocks_;  ///< in the order of their addresses
  int64_t capacity_;
  int64_t used_ = 0;
  ContextCalls calls_;
};

/// Makes such contexts; `calls`, if not null, is where the last one of them counts.
graph::BackendFactory protected_backend(int64_t capacity = int64_t{1} << 32,
                                        const ProtectedContext** last = nullptr);

}  // namespace mlrun::test
