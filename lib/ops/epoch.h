// What a step of a recorded epoch needs besides its model. The host prepares an epoch and starts
// its steps without looking at them: each finds in the device's memory which step it is, its rows
// and its state, and leaves its results there.
#pragma once

#include "graph/op.h"

namespace mlrun::ops {

/// counter int32 (1), which is advanced -> the number of this step, int32 (1): its old value.
class NextStepOp : public graph::Op {
 public:
  std::string_view name() const override { return "NextStep"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  bool mutates(int) const override { return true; }
};

/// step int32 (1), order int32 (E) -> rows int32 (N): order[step * batch_size + i].
class BatchRowsOp : public graph::Op {
 public:
  explicit BatchRowsOp(int64_t batch_size) : batch_size_(batch_size) {}

  std::string_view name() const override { return "BatchRows"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  int64_t batch_size() const { return batch_size_; }

 private:
  int64_t batch_size_;
};

/// table (V, ...) of any type, rows int32 (R) in [0, V) -> (R, ...).
class GatherOp : public graph::Op {
 public:
  std::string_view name() const override { return "Gather"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
};

/// made float (N, ...), step int32 (1), all float (E, ...), which is changed: row
/// step * batch_size + i becomes made[i].
class StoreBatchOp : public graph::Op {
 public:
  explicit StoreBatchOp(int64_t batch_size) : batch_size_(batch_size) {}

  std::string_view name() const override { return "StoreBatch"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  bool mutates(int input) const override { return input == 2; }
  int64_t batch_size() const { return batch_size_; }

 private:
  int64_t batch_size_;
};

/// The sums of an epoch as AccumulateOp keeps them. Doubles, which tensors do not know: they are
/// uint32 (kSumWords * (1 + sums)), first a flag, then the sums.
inline constexpr int64_t kSumWords = 2;

/// sums (see above), which is changed; a value with a batch, for its N; then floats of one element
/// each: sums[first + i] += N * value i, in double. Where one of the values is not finite, the flag
/// is set and nothing is added from then on.
class AccumulateOp : public graph::Op {
 public:
  explicit AccumulateOp(int64_t first) : first_(first) {}

  std::string_view name() const override { return "Accumulate"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  bool mutates(int input) const override { return input == 0; }
  int64_t first() const { return first_; }

 private:
  int64_t first_;
};

void next_step_cpu(const graph::KernelCall& call);
void batch_rows_cpu(const graph::KernelCall& call);
void gather_cpu(const graph::KernelCall& call);
void store_batch_cpu(const graph::KernelCall& call);
void accumulate_cpu(const graph::KernelCall& call);

void next_step_cuda(const graph::KernelCall& call);
void batch_rows_cuda(const graph::KernelCall& call);
void gather_cuda(const graph::KernelCall& call);
void store_batch_cuda(const graph::KernelCall& call);
void accumulate_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
