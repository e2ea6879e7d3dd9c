#include "ops/update/update.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/update/update_cpu.cpp"
// clang-format off
#include <hwy/foreach_target.h>
#include "ops/kernel/simd-inl.h"
// clang-format on

#include <algorithm>
#include <cmath>

#include "device/cpu_context.h"
#include "ops/update/update_range.h"

HWY_BEFORE_NAMESPACE();
namespace mlrun::ops::HWY_NAMESPACE {

// Applies `step(i, gradient, parameter) -> new parameter` to every vector; `i` addresses slots.
template <class Step>
HWY_INLINE void for_each(const UpdateRange& r, const UpdateSettings& s, Step step) {
  const Float d;
  const size_t lanes = hn::Lanes(d);
  const Vec scale = constant(r.gradient_scale);
  const Vec limit = constant(s.clipvalue > 0 ? s.clipvalue : 0.0f);
  const Vec decay = constant(1.0f - r.learning_rate * s.weight_decay);
  for (size_t i = 0; i < r.count; i += lanes) {
    const size_t n = std::min(lanes, r.count - i);
    const bool whole = n == lanes;
    const auto load = [&](const float* p) {
      return whole ? hn::LoadU(d, p + i) : load_part(p + i, n);
    };
    const auto store = [&](Vec v, float* p) {
      whole ? hn::StoreU(v, d, p + i) : store_part(v, p + i, n);
    };
    Vec g = hn::Mul(load(r.gradient), scale);
    if (s.clipvalue > 0) {
      g = keep_nan(g, hn::Max(hn::Neg(limit), hn::Min(limit, g)));
    }
    Vec p = load(r.parameter);
    if (s.weight_decay > 0) p = hn::Mul(p, decay);
    store(step(load, store, g, p), r.parameter);
  }
}

void sgd(const UpdateRange& r, const UpdateSettings& s) {
  const Vec lr = constant(r.learning_rate);
  const Vec m = constant(s.momentum);
  if (s.momentum <= 0) {
    return for_each(r, s, [&](auto, auto, Vec g, Vec p) { return hn::NegMulAdd(lr, g, p); });
  }
  for_each(r, s, [&](auto load, auto store, Vec g, Vec p) {
    const Vec v = hn::Sub(hn::Mul(m, load(r.slots[0])), hn::Mul(lr, g));
    store(v, r.slots[0]);
    return s.nesterov ? hn::Add(p, hn::Sub(hn::Mul(m, v), hn::Mul(lr, g))) : hn::Add(p, v);
  });
}

void adam(const UpdateRange& r, const UpdateSettings& s) {
  const Vec b1 = constant(1 - s.beta_1);
  const Vec b2 = constant(1 - s.beta_2);
  const Vec size = constant(r.step_size);
  const Vec epsilon = constant(s.epsilon);
  for_each(r, s, [&](auto load, auto store, Vec g, Vec p) {
    const Vec m0 = load(r.slots[0]);
    const Vec v0 = load(r.slots[1]);
    const Vec m = hn::MulAdd(b1, hn::Sub(g, m0), m0);
    const Vec v = hn::MulAdd(b2, hn::Sub(hn::Mul(g, g), v0), v0);
    store(m, r.slots[0]);
    store(v, r.slots[1]);
    Vec scale = v;
    if (s.amsgrad) {
      scale = hn::Max(load(r.slots[2]), v);
      store(scale, r.slots[2]);
    }
    return hn::Sub(p, hn::Div(hn::Mul(size, m), hn::Add(hn::Sqrt(scale), epsilon)));
  });
}

void rmsprop(const UpdateRange& r, const UpdateSettings& s) {
  const Vec rest = constant(1 - s.beta_2);
  const Vec lr = constant(r.learning_rate);
  const Vec epsilon = constant(s.epsilon);
  const Vec momentum = constant(s.momentum);
  float* const velocity = s.momentum > 0 ? r.slots[1] : nullptr;
  float* const mean = s.centered ? r.slots[s.momentum > 0 ? 2 : 1] : nullptr;
  for_each(r, s, [&](auto load, auto store, Vec g, Vec p) {
    const Vec v0 = load(r.slots[0]);
    const Vec v = hn::MulAdd(rest, hn::Sub(hn::Mul(g, g), v0), v0);
    store(v, r.slots[0]);
    Vec scale = v;
    if (mean) {
      const Vec m0 = load(mean);
      const Vec m = hn::MulAdd(rest, hn::Sub(g, m0), m0);
      store(m, mean);
      scale = hn::Sub(v, hn::Mul(m, m));
    }
    Vec step = hn::Div(hn::Mul(lr, g), hn::Sqrt(hn::Add(scale, epsilon)));
    if (velocity) {
      step = hn::MulAdd(momentum, load(velocity), step);
      store(step, velocity);
    }
    return hn::Sub(p, step);
  });
}

void adagrad(const UpdateRange& r, const UpdateSettings& s) {
  const Vec lr = constant(r.learning_rate);
  const Vec epsilon = constant(s.epsilon);
  for_each(r, s, [&](auto load, auto store, Vec g, Vec p) {
    const Vec a = hn::MulAdd(g, g, load(r.slots[0]));
    store(a, r.slots[0]);
    return hn::Sub(p, hn::Div(hn::Mul(lr, g), hn::Sqrt(hn::Add(a, epsilon))));
  });
}

void update_range(const UpdateRange& range, const UpdateSettings& settings) {
  switch (settings.rule) {
    case UpdateRule::kSgd:
      return sgd(range, settings);
    case UpdateRule::kAdam:
      return adam(range, settings);
    case UpdateRule::kRmsprop:
      return rmsprop(range, settings);
    case UpdateRule::kAdagrad:
      return adagrad(range, settings);
  }
}

float squared_norm(const float* x, int64_t n) { return dot(x, x, static_cast<size_t>(n)); }

}  // namespace mlrun::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mlrun::ops {
namespace {

HWY_EXPORT(update_range);
HWY_EXPORT(squared_norm);

constexpr int64_t kGrain = 16384;

float clip_factor(double squared, float limit) {
  const double norm = std::sqrt(squared);
  return limit > 0 && norm > limit ? static_cast<float>(limit / norm) : 1.0f;
}

double norm_of(const Tensor& x) {
  return HWY_DYNAMIC_DISPATCH(squared_norm)(x.f32(), x.elements());
}

float global_factor(const graph::KernelCall& call, const UpdateOp& op) {
  const float limit = op.settings().global_clipnorm;
  if (limit <= 0) return 1;
  double squared = 0;
  for (size_t i = op.first(); i < call.in.size(); i += op.group()) {
    squared += norm_of(call.in[i + 1]);
  }
  return clip_factor(squared, limit);
}

float step_size(const UpdateSettings& s, float learning_rate, float step) {
  if (s.rule != UpdateRule::kAdam) return learning_rate;
  const double correction_1 = 1 - std::pow(static_cast<double>(s.beta_1), step);
  const double correction_2 = 1 - std::pow(static_cast<double>(s.beta_2), step);
  return static_cast<float>(learning_rate * std::sqrt(correction_2) / correction_1);
}

}  // namespace

void update_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const UpdateOp&>(call.op);
  const UpdateSettings& s = op.settings();
  const float* const gate = op.is_gated() ? call.in[1].f32() : nullptr;
  if (gate && gate[0] == 0) return;
  const float learning_rate = call.in[0].f32()[0];
  const float step = call.in[0].f32()[1] - (gate ? gate[1] : 0);
  const float size = step_size(s, learning_rate, step);
  const float global = global_factor(call, op);
  for (size_t i = op.first(); i < call.in.size(); i += op.group()) {
    const Tensor& gradient = call.in[i + 1];
    const float own = s.clipnorm > 0 ? clip_factor(norm_of(gradient), s.clipnorm) : 1.0f;
    device::parallel_for(device::cpu_team(call.context), gradient.elements(), kGrain,
                         [&](int64_t begin, int64_t end) {
                           UpdateRange range{call.in[i].f32() + begin,
                                             gradient.f32() + begin,
                                             {},
                                             static_cast<size_t>(end - begin),
                                             own * global,
                                             learning_rate,
                                             size};
                           for (size_t k = 0; k + 2 < op.group(); ++k)
                             range.slots[k] = call.in[i + 2 + k].f32() + begin;
                           HWY_DYNAMIC_DISPATCH(update_range)(range, s);
                         });
  }
}

}  // namespace mlrun::ops
#endif
