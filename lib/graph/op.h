// The interface through which the graph knows an operation.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "device/context.h"
#include "tensor/tensor.h"

namespace mlrun::graph {

using ValueId = int32_t;
inline constexpr ValueId kNoValue = -1;

class Graph;
struct Node;

/// The shapes do not fit. Caught where a layer's position in the experiment file is known.
class ShapeError : public Error {
 public:
  using Error::Error;
};

/// Work of one call.
struct Cost {
  double flops = 0;
  double bytes = 0;  ///< read and written, each operand once

  Cost& operator+=(const Cost& other) {
    flops += other.flops;
    bytes += other.bytes;
    return *this;
  }
};

/// What an op's gradient rule sees and fills in.
struct GradientRule {
  Graph& graph;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  std::vector<ValueId> output_grads;  ///< kNoValue where an output does not reach the objective
  std::vector<bool> wanted;           ///< per input: whether its gradient is needed
  std::vector<ValueId> input_grads;   ///< to be filled where wanted; kNoValue is zero
};

/// An operation with its attributes; immutable, shared between graphs. A kernel for each backend
/// is found by name() in that backend's table.
class Op {
 public:
  virtual ~Op() = default;

  virtual std::string_view name() const = 0;

  /// Types of the outputs. Throws ShapeError.
  virtual std::vector<TensorType> infer(std::span<const TensorType> inputs) const = 0;

  /// Appends the gradient's nodes to rule.graph. The default says that there is none.
  virtual void gradient(GradientRule& rule) const;

  /// Whether output `output` may share the memory of input `input`, element by element.
  virtual bool may_overwrite(int input, int output) const;

  /// The output is the input under another shape: no kernel runs.
  virtual bool is_view() const { return false; }

  /// Inputs that the op changes; such a node is never removed or moved.
  virtual bool mutates(int input) const;

  /// Bytes of scratch memory at this batch size: of the CPU's kernel, and of a GPU's (by default
  /// the same).
  virtual int64_t workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const;
  virtual int64_t gpu_workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const;

  /// Its numbers that may differ over the copies of a stack: dropout rates, factors of penalties.
  virtual std::vector<float> varying() const;

  /// Default: one operation per output element, every operand moved once.
  virtual Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                    int64_t batch) const;
};

/// One call of a kernel. Views are concrete. `stack` copies of the operands are computed at once
/// (Tensor::stride); a backend whose kernels know of no stack is called for each copy with 1, and
/// the op of that copy.
struct KernelCall {
  const Op& op;
  std::span<const Tensor> in;
  std::span<const Tensor> out;
  device::Context& context;
  std::byte* workspace;
  int64_t stack = 1;
  std::span<const float> varied = {};  ///< Op::varying() copy by copy if they differ, else empty
};

using Kernel = void (*)(const KernelCall&);

/// Whose kernels they are.
enum class Target : uint8_t { kCpu, kGpu };

/// Kernels of one backend by op name.
class KernelTable {
 public:
  struct Row {
    std::string_view op;
    Kernel kernel;
  };
  explicit KernelTable(std::span<const Row> rows, Target target = Target::kCpu)
      : rows_(rows), target_(target) {}

  /// Throws Error naming an op that has no kernel here.
  Kernel at(std::string_view op) const;

  std::span<const Row> rows() const { return rows_; }
  Target target() const { return target_; }

 private:
  std::span<const Row> rows_;
  Target target_;
};

}  // namespace mlrun::graph
