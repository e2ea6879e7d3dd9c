// What a kernel needs besides its operands. Passed, never global: that is what makes fan-out safe.
#pragma once

namespace mlrun::device {

/// Base of each backend's context; a backend's kernels know the derived class.
class Context {
 public:
  virtual ~Context() = default;
};

}  // namespace mlrun::device
