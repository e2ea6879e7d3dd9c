// Recurrent cells over a whole sequence: one op for all steps.
//
// Inside, sequences are "by step": of the type (N, T, C), but with the rows of step 0 first, then
// those of step 1, and so on. So a step is one block, and the products over all steps (the inputs
// with their weights, and the gradients of all weights) are single ones.
#pragma once

#include "graph/graph.h"
#include "graph/op.h"

namespace mlrun::ops {

/// x (N, T, C) -> the same rows by step, or back; `reverse` walks the steps backwards. With a
/// second input (N, C) every row is multiplied by that of its sample: a dropout mask, which gets no
/// gradient.
class StepOrderOp : public graph::Op {
 public:
  StepOrderOp(bool by_step, bool reverse) : by_step_(by_step), reverse_(reverse) {}

  std::string_view name() const override { return "StepOrder"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  bool by_step() const { return by_step_; }
  bool reverse() const { return reverse_; }

 private:
  bool by_step_;
  bool reverse_;
};

/// Gates in the order of their columns, as in Keras.
enum class Cell : uint8_t {
  kSimple,        ///< h = f(x + h U)
  kLstm,          ///< i, f, g, o: c = f c + i g, h = o f(c). Hochreiter, Schmidhuber 1997.
  kGru,           ///< z, r, h': h' = f(x + r (h U + b)), h = z h + (1 - z) h'. Cho et al. 2014.
  kGruResetFirst  ///< the same with h' = f(x + (r h) U)
};

/// Whose slope can be computed from the result.
enum class CellActivation : uint8_t { kTanh, kSigmoid, kHardSigmoid, kRelu, kLinear };

struct RecurrentSettings {
  Cell cell = Cell::kSimple;
  CellActivation activation = CellActivation::kTanh;
  CellActivation recurrent_activation = CellActivation::kSigmoid;
  bool masked = false;

  int64_t gates() const;  ///< columns of x and U, in units
  int64_t saved() const;  ///< of what the backward pass needs
};

/// x (N, T, gates K) by step, U (K, gates K), the bias (gates K) that kGru adds to h U, then, if
/// masked, (N, T, 1) by step: where it is 0, the state stays as it is. The state starts with zeros.
/// Outputs, by step: the states (N, T, K), the last one (N, K), the state before each step
/// (N, T, K), what is saved (N, T, saved K), and the cells (N, T, K) of kLstm.
class RecurrentOp : public graph::Op {
 public:
  explicit RecurrentOp(const RecurrentSettings& settings) : settings_(settings) {}

  std::string_view name() const override { return "Recurrent"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  bool may_overwrite(int input, int output) const override;
  int64_t workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const override;
  graph::Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                   int64_t batch) const override;
  const RecurrentSettings& settings() const { return settings_; }

 private:
  RecurrentSettings settings_;
};

/// U, the states before each step, what was saved, the cells of kLstm, the mask if there is one,
/// then the gradients of the states and of the last one, as far as they exist -> the gradient of x,
/// and for kGru that of h U + b.
class RecurrentGradOp : public graph::Op {
 public:
  RecurrentGradOp(const RecurrentSettings& settings, bool of_states, bool of_last)
      : settings_(settings), of_states_(of_states), of_last_(of_last) {}

  std::string_view name() const override { return "RecurrentGrad"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  int64_t workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const override;
  graph::Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                   int64_t batch) const override;
  const RecurrentSettings& settings() const { return settings_; }
  bool of_states() const { return of_states_; }
  bool of_last() const { return of_last_; }

 private:
  RecurrentSettings settings_;
  bool of_states_;
  bool of_last_;
};

/// Sequences, and the mask (N, T), as layers know them; kNoValue where there is none.
struct RecurrentInputs {
  graph::ValueId x = graph::kNoValue;               ///< (N, T, C)
  graph::ValueId kernel = graph::kNoValue;          ///< (C, gates K)
  graph::ValueId recurrent = graph::kNoValue;       ///< (K, gates K)
  graph::ValueId bias = graph::kNoValue;            ///< (gates K)
  graph::ValueId recurrent_bias = graph::kNoValue;  ///< (gates K), of kGru
  graph::ValueId mask = graph::kNoValue;
  graph::ValueId dropout = graph::kNoValue;  ///< (N, C): factors of the inputs at all steps
  bool reverse = false;                      ///< the last step first
};

struct RecurrentResult {
  graph::ValueId states;  ///< (N, T, K), in the order in which they were made
  graph::ValueId last;    ///< (N, K)
};

RecurrentResult recurrent(graph::Graph& g, const RecurrentSettings& settings,
                          const RecurrentInputs& inputs);

/// x with its steps in reverse order.
graph::ValueId reverse_steps(graph::Graph& g, graph::ValueId x);

void step_order_cpu(const graph::KernelCall& call);
void recurrent_cpu(const graph::KernelCall& call);
void recurrent_grad_cpu(const graph::KernelCall& call);
void step_order_cuda(const graph::KernelCall& call);
void recurrent_cuda(const graph::KernelCall& call);
void recurrent_grad_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
