// The products of all vectors with all are not kept but computed again where they are needed: they
// would take (2N)^2 numbers for each copy of a stack.
#include "ops/loss/nt_xent.h"

#include "ops/kernel/launch.h"

namespace mlrun::ops {
namespace {

// The vectors of one copy: those of the first view, then those of the second.
struct Vectors {
  const float* a;
  const float* b;
  int64_t samples, width;
  float factor;  // 1 / temperature

  MLRUN_KERNEL int64_t rows() const { return 2 * samples; }
  MLRUN_KERNEL int64_t other(int64_t r) const { return r < samples ? r + samples : r - samples; }
  MLRUN_KERNEL const float* row(int64_t r) const {
    return r < samples ? a + r * width : b + (r - samples) * width;
  }

  MLRUN_KERNEL float product(const float* x, int64_t r) const {
    const float* y = row(r);
    float sum = 0;
    for (int64_t d = 0; d < width; ++d) sum += x[d] * y[d];
    return sum * factor;
  }
};

struct Views {
  Stacked<const float> a, b;
  int64_t samples, width;
  float factor;

  Views(const graph::KernelCall& call, float temperature)
      : a(input(call.in[0])),
        b(input(call.in[1])),
        samples(call.in[0].shape[0]),
        width(call.in[0].shape[1]),
        factor(1.0f / temperature) {}

  MLRUN_KERNEL Vectors operator()(int64_t k) const { return {a(k), b(k), samples, width, factor}; }
};

// The largest product of a row, and log sum e^(product - most): what probabilities are made of.
struct Normalisation {
  float most, log_sum;
};

MLRUN_KERNEL Normalisation normalisation(const Vectors& z, int64_t r, const Lanes& lanes) {
  const float* x = z.row(r);
  float most = -INFINITY;
  for (int64_t k = lanes.lane(); k < z.rows(); k += lanes.size()) {
    if (k != r) most = fmaxf(most, z.product(x, k));
  }
  most = lanes.max(most);
  float sum = 0;
  for (int64_t k = lanes.lane(); k < z.rows(); k += lanes.size()) {
    if (k != r) sum += expf(z.product(x, k) - most);
  }
  return {most, logf(lanes.sum(sum))};
}

MLRUN_KERNEL float loss_of(const Vectors& z, int64_t r, const Lanes& lanes) {
  const Normalisation n = normalisation(z, r, lanes);
  return n.log_sum - (z.product(z.row(r), z.other(r)) - n.most);
}

}  // namespace

void nt_xent_cuda(const graph::KernelCall& call) {
  const Views views(call, static_cast<const NtXentOp&>(call.op).temperature());
  const auto loss = output(call.out[0]);
  for_each_row(call, views.samples, 2 * views.samples,
               [=] MLRUN_KERNEL(int64_t k, int64_t i, const Lanes& lanes) {
                 const Vectors z = views(k);
                 const float first = loss_of(z, i, lanes);
                 const float second = loss_of(z, z.other(i), lanes);
                 if (lanes.lane() == 0) loss(k)[i] = 0.5f * (first + second);
               });
}

// With p_rk the probability of k in row r and w_r the weight of its loss, both rows of a pair ask
// for the same product:
//   dz_r = sum over k of (w_r (p_rk - [k = r']) + w_k (p_kr - [k = r'])) z_k / temperature
void nt_xent_grad_cuda(const graph::KernelCall& call) {
  const Views views(call, static_cast<const NtXentGradOp&>(call.op).temperature());
  const int64_t samples = views.samples;
  const int64_t width = views.width;
  const auto of_rows = scratch_values<Normalisation>(call, 2 * samples);
  for_each_row(call, 2 * samples, 2 * samples,
               [=] MLRUN_KERNEL(int64_t k, int64_t r, const Lanes& lanes) {
                 const Normalisation n = normalisation(views(k), r, lanes);
                 if (lanes.lane() == 0) of_rows(k)[r] = n;
               });
  const auto dloss = input(call.in[2]);
  const auto da = output(call.out[0]);
  const auto db = output(call.out[1]);
  for_each_row(
      call, 2 * samples, width, [=] MLRUN_KERNEL(int64_t k, int64_t r, const Lanes& lanes) {
        const Vectors z = views(k);
        const Normalisation* rows = of_rows(k);
        const float own = dloss(k)[r % samples];
        const float* x = z.row(r);
        float* dz = r < samples ? da(k) + r * width : db(k) + (r - samples) * width;
        for (int64_t d = lanes.lane(); d < width; d += lanes.size()) dz[d] = 0;
        for (int64_t other = 0; other < z.rows(); ++other) {
          if (other == r) continue;
          const float* y = z.row(other);
          float product = 0;
          for (int64_t d = lanes.lane(); d < width; d += lanes.size()) product += x[d] * y[d];
          product = lanes.sum(product) * z.factor;
          const float weight = dloss(k)[other % samples];
          const float target = other == z.other(r) ? 1.0f : 0.0f;
          const float p = expf(product - rows[r].most - rows[r].log_sum);
          const float q = expf(product - rows[other].most - rows[other].log_sum);
          const float share = 0.5f * z.factor * (own * (p - target) + weight * (q - target));
          for (int64_t d = lanes.lane(); d < width; d += lanes.size()) dz[d] += share * y[d];
        }
      });
}

}  // namespace mlrun::ops
