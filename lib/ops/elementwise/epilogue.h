// Ops that can run an elementwise program on their result while it is in cache.
#pragma once

#include <array>
#include <memory>

#include "ops/elementwise/elementwise.h"

namespace mlrun::ops {

/// So much of the rows of a product an epilogue finds still in the level-2 cache of a core.
constexpr int64_t kEpilogueBytes = 256 * 1024;

/// A product of its first two inputs: matrices, or an image and filters. Without an epilogue it has
/// one output. With one, register 0 of the program is the product, the further inputs are the
/// program's other registers, and the outputs are the program's.
class EpilogueOp : public graph::Op {
 public:
  explicit EpilogueOp(std::shared_ptr<const ElementwiseOp> epilogue);

  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  std::vector<float> varying() const override;  ///< of the epilogue
  graph::Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                   int64_t batch) const override;

  const ElementwiseOp* epilogue() const { return epilogue_.get(); }

  /// Output into which the product itself goes before the epilogue runs on it in place.
  int product_output() const { return product_output_; }

  /// An epilogue needs an output that may overwrite the product.
  static bool can_fuse(const ElementwiseOp& epilogue);

  /// The same product with this epilogue.
  virtual std::shared_ptr<const EpilogueOp> with(
      std::shared_ptr<const ElementwiseOp> epilogue) const = 0;

 protected:
  /// Type of the product. Throws ShapeError.
  virtual TensorType product(std::span<const TensorType> inputs) const = 0;
  virtual double product_flops(std::span<const TensorType> inputs, int64_t batch) const = 0;

 private:
  std::shared_ptr<const ElementwiseOp> epilogue_;
  int product_output_ = 0;
};

/// Runs the epilogue of `call`, if it has one, on elements [begin, end) of the product.
class EpilogueRun {
 public:
  explicit EpilogueRun(const graph::KernelCall& call);

  const Tensor& product() const { return product_; }
  bool any() const { return op_.epilogue() != nullptr; }

  /// Of the epilogue's program: the product, then the further inputs.
  std::span<const Tensor> operands() const {
    return std::span(operands_).first(call_.in.size() - 1);
  }
  void run(int64_t begin, int64_t end) const;

 private:
  const graph::KernelCall& call_;
  const EpilogueOp& op_;
  Tensor product_;
  std::array<Tensor, ElementwiseOp::kMaxRegisters> operands_;
};

}  // namespace mlrun::ops
