// Elementwise operations: one op that runs a short program over every element.
//
// A single operation (add, relu, ...) is a program of one instruction; fusion concatenates
// programs, so that a chain reads and writes memory once. Operands broadcast:
//   same    the output's shape
//   row     a suffix of it                  (K) against (N, K): a bias
//   column  a prefix, then ones or nothing  (N) or (N, 1) against (N, K): a weight per sample
//   scalar  one element
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "graph/op.h"

namespace mlrun::ops {

/// y is the instruction's result, a and b its operands, c its constant. The *Grad codes take
/// (what the gradient is computed from, dy).
enum class Ew : uint8_t {
  // binary
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMaximum,
  kMinimum,
  kGreaterEqual,
  // unary
  kNegate,
  kExp,
  kLog,
  kSqrt,
  kSquare,
  kAbs,
  kSign,
  kReciprocal,
  kErf,
  kRelu,
  kSigmoid,
  kTanh,
  kSoftplus,
  kSoftsign,
  kGelu,
  // unary with a constant
  kScale,
  kOffset,
  kMaximumC,
  kMinimumC,
  kGreaterC,
  kLeakyRelu,
  kElu,
  kHardSigmoid,
  // gradients
  kReluGrad,         // a = y
  kSigmoidGrad,      // a = y
  kTanhGrad,         // a = y
  kSoftsignGrad,     // a = x
  kGeluGrad,         // a = x
  kLeakyReluGrad,    // a = x
  kEluGrad,          // a = y
  kHardSigmoidGrad,  // a = y
  // made by fusion only
  kAddRelu,  // relu(a + b)
  // others
  kBroadcast,  // b, spread to the shape of a
  kDropout,    // a * mask / (1 - c), the mask drawn from the random state b
  kNormal,     // a + c * standard normal numbers drawn from the random state b
  kUniform,    // a + c * numbers in [0, 1) drawn from the random state b
};

struct EwInstruction {
  Ew code;
  uint8_t out;  ///< register written
  uint8_t a;    ///< register read
  uint8_t b;    ///< register read; of unary codes equal to a
  float c = 0;
  uint32_t salt = 0;  ///< distinguishes the random draws of one graph
};

enum class Spread : uint8_t { kSame, kRow, kColumn, kScalar, kRandomState };

/// How `operand` stretches over `out`. Throws ShapeError if it does not.
Spread spread_of(const Shape& out, const TensorType& operand);

/// Inputs are registers 0 .. inputs()-1; every instruction works at the shape of the widest input.
class ElementwiseOp : public graph::Op {
 public:
  static constexpr int kMaxRegisters = 24;

  ElementwiseOp(int inputs, std::vector<EwInstruction> code, std::vector<uint8_t> outputs);

  std::string_view name() const override { return "Elementwise"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;  ///< of single instructions
  bool may_overwrite(int input, int output) const override;
  std::vector<float> varying() const override;  ///< the constants of all instructions
  graph::Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                   int64_t batch) const override;

  int inputs() const { return inputs_; }
  int registers() const { return registers_; }
  const std::vector<EwInstruction>& code() const { return code_; }
  const std::vector<uint8_t>& outputs() const { return outputs_; }

 private:
  int inputs_;
  int registers_;
  std::vector<EwInstruction> code_;
  std::vector<uint8_t> outputs_;  ///< register of each output
};

/// The shape over which operands of these types are iterated.
Shape common_shape(std::span<const TensorType> operands);

/// Runs the program over elements [begin, end) of `shape`. The CPU kernel, and the epilogue of
/// matrix products.
void run_elementwise_cpu(const ElementwiseOp& op, const Shape& shape, std::span<const Tensor> in,
                         std::span<const Tensor> out, int64_t begin, int64_t end);

void elementwise_cpu(const graph::KernelCall& call);
void elementwise_cuda(const graph::KernelCall& call);

/// Dropout of elements [first, first + n) of a tensor, for kernels that drop on the way.
struct DropoutRange {
  float rate = 0;
  const uint32_t* random_state = nullptr;
  uint32_t salt = 0;
  int64_t first = 0;
};
void dropout_cpu(const float* a, float* y, int64_t n, const DropoutRange& range);

}  // namespace mlrun::ops
