// The lanes of a row as fibers of one thread: each runs until it waits for the others.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace mlrun::emulation {

/// Runs a function once per lane, side by side. A lane that ends while others still wait for it, on
/// a GPU a deadlock or worse, is an Error.
class LaneGroup {
 public:
  static constexpr int kMost = 4;

  LaneGroup();
  ~LaneGroup();

  void run(int size, const std::function<void(int lane)>& lane);

  /// Of the running lane: returns when all lanes have come here, with what each has brought.
  const std::array<const void*, kMost>& meet(int lane, const void* brought);

 private:
  struct Fibers;
  std::unique_ptr<Fibers> fibers_;
  // In turn: a lane may come to the next meeting before another has read what this one brought.
  std::array<std::array<const void*, kMost>, 2> brought_{};
  std::array<size_t, kMost> turn_{};
  int size_ = 1;
};

/// Shared memory of a block of threads: NaN until something is written.
class SharedMemory {
 public:
  explicit SharedMemory(int64_t floats)
      : quads_(static_cast<size_t>(floats + 3) / 4, Quad{{NAN, NAN, NAN, NAN}}) {}

  float* begin() { return quads_.empty() ? nullptr : quads_.front().of; }

 private:
  struct alignas(16) Quad {
    float of[4];
  };
  std::vector<Quad> quads_;
};

/// How many lanes stand for the GPU's. Sanitizers do not know fibers: there it is one.
int emulated_lanes(int64_t width);

}  // namespace mlrun::emulation

namespace mlrun::ops {

class Lanes {
 public:
  Lanes(emulation::LaneGroup& group, int lane, int size)
      : group_(group), lane_(lane), size_(size) {}

  int size() const { return size_; }
  int lane() const { return lane_; }

  template <class T>
  T sum(T x) const {
    return combine(x, [](T a, T b) { return a + b; });
  }
  float max(float x) const {
    return combine(x, [](float a, float b) { return fmaxf(a, b); });
  }
  void sync() const { group_.meet(lane_, nullptr); }

 private:
  // In the GPU's order: halves are added as a tree.
  template <class T, class Combine>
  T combine(T x, Combine f) const {
    std::array<T, emulation::LaneGroup::kMost> all{};
    const auto& brought = group_.meet(lane_, &x);
    for (int i = 0; i < size_; ++i) {
      all[static_cast<size_t>(i)] = *static_cast<const T*>(brought[static_cast<size_t>(i)]);
    }
    sync();  // x lives until all have read it
    for (auto half = static_cast<size_t>(size_) / 2; half > 0; half /= 2) {
      for (size_t i = 0; i < half; ++i) all[i] = f(all[i], all[i + half]);
    }
    return all[0];
  }

  emulation::LaneGroup& group_;
  int lane_;
  int size_;
};

class BlockThreads {
 public:
  BlockThreads(emulation::LaneGroup& group, int thread, int size, emulation::SharedMemory& shared)
      : group_(group), thread_(thread), size_(size), shared_(shared) {}

  static constexpr int kMost = emulation::LaneGroup::kMost;

  int size() const { return size_; }
  int thread() const { return thread_; }
  float* shared() const { return shared_.begin(); }
  void sync() const { group_.meet(thread_, nullptr); }

 private:
  emulation::LaneGroup& group_;
  int thread_;
  int size_;
  emulation::SharedMemory& shared_;
};

}  // namespace mlrun::ops
