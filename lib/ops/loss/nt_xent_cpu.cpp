#include "ops/loss/nt_xent.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/loss/nt_xent_cpu.cpp"
// clang-format off
#include <hwy/foreach_target.h>
#include "ops/kernel/simd-inl.h"
// clang-format on

#include <algorithm>
#include <cmath>
#include <limits>

#include "device/cpu_context.h"
#include "ops/product/matmul.h"

HWY_BEFORE_NAMESPACE();
namespace mlrun::ops::HWY_NAMESPACE {

void scale_row(float* row, size_t n, float factor) {
  const Vec f = constant(factor);
  map1(row, row, n, [f](Vec v) { return hn::Mul(v, f); });
}

// The products of a vector become s / t - the largest of them; that with itself is out.
void shift_row(float* row, size_t n, size_t self, float factor) {
  row[self] = -std::numeric_limits<float>::infinity();
  scale_row(row, n, factor);
  float most = row[0];
  for (size_t i = 1; i < n; ++i) most = row[i] > most ? row[i] : most;
  const Vec m = constant(most);
  map1(row, row, n, [m](Vec v) { return hn::Sub(v, m); });
}

float loss_row(float* row, size_t n, size_t self, size_t other, float factor) {
  shift_row(row, n, self, factor);
  return std::log(sum1(row, n, [](Vec v) { return exp(v); })) - row[other];
}

// The products become the gradient of weight times the loss by each of them.
void grad_row(float* row, size_t n, size_t self, size_t other, float factor, float weight) {
  shift_row(row, n, self, factor);
  map1(row, row, n, [](Vec v) { return exp(v); });
  scale_row(row, n, 1.0f / sum1(row, n, [](Vec v) { return v; }));
  row[other] -= 1.0f;
  scale_row(row, n, weight * factor);
}

}  // namespace mlrun::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mlrun::ops {
namespace {

HWY_EXPORT(loss_row);
HWY_EXPORT(grad_row);

constexpr int64_t kGrain = 16;  // rows

// The vectors of both views one below the other, and the products of all with all.
struct Products {
  explicit Products(const graph::KernelCall& call)
      : team(device::cpu_team(call.context)),
        samples(call.in[0].shape[0]),
        rows(2 * samples),
        width(call.in[0].shape[1]),
        z(reinterpret_cast<float*>(call.workspace)),
        s(z + rows * width) {
    std::copy_n(call.in[0].f32(), samples * width, z);
    std::copy_n(call.in[1].f32(), samples * width, z + samples * width);
    multiply_float32({false, true, rows, rows, width, z, width, z, width, s, rows}, team, nullptr);
  }

  float* row(int64_t r) const { return s + r * rows; }
  int64_t other(int64_t r) const { return r < samples ? r + samples : r - samples; }

  device::ThreadTeam& team;
  int64_t samples, rows, width;
  float* z;
  float* s;
};

float loss_of(const Products& all, int64_t r, float factor) {
  return HWY_DYNAMIC_DISPATCH(loss_row)(all.row(r), static_cast<size_t>(all.rows),
                                        static_cast<size_t>(r), static_cast<size_t>(all.other(r)),
                                        factor);
}

}  // namespace

void nt_xent_cpu(const graph::KernelCall& call) {
  const float factor = 1.0f / static_cast<const NtXentOp&>(call.op).temperature();
  const Products all(call);
  float* loss = call.out[0].f32();
  device::parallel_for(all.team, all.samples, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      loss[i] = 0.5f * (loss_of(all, i, factor) + loss_of(all, all.other(i), factor));
    }
  });
}

void nt_xent_grad_cpu(const graph::KernelCall& call) {
  const float factor = 1.0f / static_cast<const NtXentGradOp&>(call.op).temperature();
  const Products all(call);
  const float* dloss = call.in[2].f32();
  device::parallel_for(all.team, all.rows, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      HWY_DYNAMIC_DISPATCH(grad_row)
      (all.row(r), static_cast<size_t>(all.rows), static_cast<size_t>(r),
       static_cast<size_t>(all.other(r)), factor, 0.5f * dloss[r % all.samples]);
    }
  });
  GemmArgs product;
  product.m = all.samples;
  product.n = all.width;
  product.k = all.rows;
  product.lda = all.rows;
  product.b = all.z;
  product.ldb = product.ldc = all.width;
  for (int64_t view = 0; view < 2; ++view) {
    product.c = call.out[static_cast<size_t>(view)].f32();
    product.a = all.row(view * all.samples);
    product.transpose_a = product.accumulate = false;
    multiply_float32(product, all.team, nullptr);
    product.a = all.s + view * all.samples;
    product.transpose_a = product.accumulate = true;
    multiply_float32(product, all.team, nullptr);
  }
}

}  // namespace mlrun::ops
#endif
