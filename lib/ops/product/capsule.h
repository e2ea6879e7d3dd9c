// Votes of capsules: what routing by agreement is made of. Sabour, Frosst, Hinton 2017, "Dynamic
// routing between capsules", eq. 2 and procedure 1.
//
// I capsules below, J above, whose poses have E numbers. Coupling c (N, I, J), votes u (N, I, J,
// E), poses v (N, J, E). The sum over i, j and e of c_ij u_ije v_je is linear in each of the three;
// its derivative by one of them is a function of the other two, and these are the three ops. So
// each is the gradient of the others.
#pragma once

#include "graph/op.h"

namespace mlrun::ops {

enum class CapsuleProduct : uint8_t {
  kPoses,     ///< c, u -> v: sum over i of c_ij u_ije
  kCoupling,  ///< u, v -> c: sum over e of u_ije v_je, how well the votes agree with the poses
  kVotes,     ///< c, v -> u: c_ij v_je
};

class CapsuleProductOp : public graph::Op {
 public:
  explicit CapsuleProductOp(CapsuleProduct result) : result_(result) {}

  std::string_view name() const override { return "CapsuleProduct"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  graph::Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                   int64_t batch) const override;
  CapsuleProduct result() const { return result_; }

 private:
  CapsuleProduct result_;
};

void capsule_product_cpu(const graph::KernelCall& call);
void capsule_product_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
