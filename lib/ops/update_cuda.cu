#include "ops/update.h"

#include <vector>

#include "ops/device_floats.h"
#include "ops/launch.h"

namespace mlrun::ops {
namespace {

constexpr int kMostAtOnce = 16;  // parameters of one launch: they travel as its arguments

struct Parameter {
  Stacked<float> value;
  Stacked<const float> gradient;
  Stacked<float> slots[3];
  int64_t begin = 0;  ///< number of its first group in the launch
  int64_t elements = 0;
};

// What a launch changes, and by what.
struct Updates {
  UpdateSettings settings;
  Stacked<const float> state;    ///< learning rate, step
  Stacked<const float> gate;     ///< null: always open
  Stacked<const float> factors;  ///< of clipping by norm, by parameter; null: none
  float log_beta_1 = 0;
  float log_beta_2 = 0;
  int count = 0;
  int64_t groups = 0;
  bool aligned = true;  ///< all memory by 16 bytes
  Parameter parameters[kMostAtOnce];
};

struct Rates {
  float learning_rate;
  float step_size;  ///< learning rate with Adam's bias correction
};

// 1 - b^t = -expm1(t log b): in float, this has all digits.
MLRUN_DEVICE inline Rates rates_of(const Updates& u, int64_t k) {
  const float learning_rate = u.state(k)[0];
  if (u.settings.rule != UpdateRule::kAdam) return {learning_rate, learning_rate};
  const float step = u.state(k)[1] - (u.gate.data ? u.gate(k)[1] : 0);
  const float correction_1 = -expm1f(step * u.log_beta_1);
  const float correction_2 = -expm1f(step * u.log_beta_2);
  return {learning_rate, learning_rate * sqrtf(correction_2) / correction_1};
}

MLRUN_DEVICE inline float sgd(const UpdateSettings& s, float p, float g, float lr,
                              float* const* slots) {
  if (s.momentum <= 0) return p - lr * g;
  const float v = s.momentum * *slots[0] - lr * g;
  *slots[0] = v;
  return s.nesterov ? p + (s.momentum * v - lr * g) : p + v;
}

MLRUN_DEVICE inline float adam(const UpdateSettings& s, float p, float g, float size,
                               float* const* slots) {
  const float m = *slots[0] + (1 - s.beta_1) * (g - *slots[0]);
  const float v = *slots[1] + (1 - s.beta_2) * (g * g - *slots[1]);
  *slots[0] = m;
  *slots[1] = v;
  float scale = v;
  if (s.amsgrad) {
    scale = *slots[2] > v ? *slots[2] : v;
    *slots[2] = scale;
  }
  return p - size * m / (sqrtf(scale) + s.epsilon);
}

// Rounding may make the centred variance negative.
MLRUN_DEVICE inline float rmsprop(const UpdateSettings& s, float p, float g, float lr,
                                  float* const* slots) {
  const float rest = 1 - s.beta_2;
  const float v = *slots[0] + rest * (g * g - *slots[0]);
  *slots[0] = v;
  float scale = v;
  if (s.centered) {
    float* const mean = slots[s.momentum > 0 ? 2 : 1];
    *mean += rest * (g - *mean);
    scale = v - *mean * *mean;
    if (scale < 0) scale = 0;
  }
  float step = lr * g / sqrtf(scale + s.epsilon);
  if (s.momentum > 0) {
    step += s.momentum * *slots[1];
    *slots[1] = step;
  }
  return p - step;
}

MLRUN_DEVICE inline float adagrad(const UpdateSettings& s, float p, float g, float lr,
                                  float* const* slots) {
  const float a = *slots[0] + g * g;
  *slots[0] = a;
  return p - lr * g / sqrtf(a + s.epsilon);
}

MLRUN_DEVICE inline float updated(const UpdateSettings& s, float p, float g, const Rates& rates,
                                  float* const* slots) {
  switch (s.rule) {
    case UpdateRule::kSgd:
      return sgd(s, p, g, rates.learning_rate, slots);
    case UpdateRule::kAdam:
      return adam(s, p, g, rates.step_size, slots);
    case UpdateRule::kRmsprop:
      return rmsprop(s, p, g, rates.learning_rate, slots);
    case UpdateRule::kAdagrad:
      return adagrad(s, p, g, rates.learning_rate, slots);
  }
  return p;
}

MLRUN_DEVICE inline float clipped(float g, float limit) {
  if (limit <= 0) return g;
  return g > limit ? limit : g < -limit ? -limit : g;
}

MLRUN_DEVICE inline void update_group(const Updates& u, int64_t k, int64_t group) {
  if (u.gate.data && *u.gate(k) == 0) return;
  int which = 0;
  while (which + 1 < u.count && group >= u.parameters[which + 1].begin) ++which;
  const Parameter& x = u.parameters[which];
  const int64_t at = (group - x.begin) * kMostFloats;
  const int count = size_of_group(x.elements, group - x.begin);
  const bool all = u.aligned && count == kMostFloats;
  Floats<kMostFloats> p = load_some(x.value(k) + at, all, count);
  Floats<kMostFloats> g = load_some(x.gradient(k) + at, all, count);
  Floats<kMostFloats> slots[3] = {};
  for (int j = 0; j < 3; ++j) {
    if (x.slots[j].data) slots[j] = load_some(x.slots[j](k) + at, all, count);
  }
  const Rates rates = rates_of(u, k);
  for (int i = 0; i < kMostFloats; ++i) {
    if (u.factors.data) g.of[i] *= u.factors(k)[which];
    g.of[i] = clipped(g.of[i], u.settings.clipvalue);
    if (u.settings.weight_decay > 0) {
      p.of[i] *= 1.0f - rates.learning_rate * u.settings.weight_decay;
    }
    float* const own[3] = {slots[0].of + i, slots[1].of + i, slots[2].of + i};
    p.of[i] = updated(u.settings, p.of[i], g.of[i], rates, own);
  }
  store_some(p, x.value(k) + at, all, count);
  for (int j = 0; j < 3; ++j) {
    if (x.slots[j].data) store_some(slots[j], x.slots[j](k) + at, all, count);
  }
}

void launch(const graph::KernelCall& call, const Updates& u) {
  for_each_element(call, u.groups,
                   [=] MLRUN_KERNEL(int64_t k, int64_t group) { update_group(u, k, group); });
}

// squares(k)[p] = the sum of the squares of gradient p.
void squared_norms(const graph::KernelCall& call, const UpdateOp& op, Stacked<double> squares) {
  for (size_t i = op.first(); i < call.in.size(); i += op.group()) {
    const auto g = input(call.in[i + 1]);
    const auto which = static_cast<int64_t>((i - op.first()) / op.group());
    reduce_columns<double>(
        call, call.in[i + 1].elements(), 1,
        [=] MLRUN_KERNEL(int64_t k, int64_t row, int64_t) {
          return static_cast<double>(g(k)[row]) * g(k)[row];
        },
        [=] MLRUN_KERNEL(int64_t k, int64_t, double sum) { squares(k)[which] = sum; });
  }
}

MLRUN_DEVICE inline float clip_factor(double squared, float limit) {
  const double norm = sqrt(squared);
  return limit > 0 && norm > limit ? static_cast<float>(limit / norm) : 1.0f;
}

// What clipping by norm makes of each gradient.
Stacked<const float> clip_factors(const graph::KernelCall& call, const UpdateOp& op) {
  const UpdateSettings& s = op.settings();
  if (s.clipnorm <= 0 && s.global_clipnorm <= 0) return {};
  const auto count = static_cast<int64_t>((call.in.size() - op.first()) / op.group());
  // A float behind every double, in one piece of scratch memory.
  const Stacked<double> squares = scratch_values<double>(call, 2 * count);
  const Stacked<float> factors{reinterpret_cast<float*>(squares.data + count), squares.stride};
  squared_norms(call, op, squares);
  const float own = s.clipnorm;
  const float global = s.global_clipnorm;
  for_each_element(call, count, [=] MLRUN_KERNEL(int64_t k, int64_t p) {
    double all = 0;
    for (int64_t other = 0; other < count; ++other) all += squares(k)[other];
    factors(k)[p] = clip_factor(squares(k)[p], own) * clip_factor(all, global);
  });
  return {factors.data, factors.stride};
}

Parameter parameter_of(const graph::KernelCall& call, size_t first, size_t group, int64_t begin) {
  Parameter x{output(call.in[first]), input(call.in[first + 1]), {}, begin};
  x.elements = call.in[first].elements();
  for (size_t j = 0; j + 2 < group; ++j) x.slots[j] = output(call.in[first + 2 + j]);
  return x;
}

}  // namespace

void update_cuda(const graph::KernelCall& call) {
  const auto& op = static_cast<const UpdateOp&>(call.op);
  const UpdateSettings& s = op.settings();
  Updates u;
  u.settings = s;
  u.state = input(call.in[0]);
  if (op.is_gated()) u.gate = input(call.in[1]);
  u.factors = clip_factors(call, op);
  u.log_beta_1 = static_cast<float>(std::log(static_cast<double>(s.beta_1)));
  u.log_beta_2 = static_cast<float>(std::log(static_cast<double>(s.beta_2)));
  for (size_t i = op.first(); i < call.in.size(); i += op.group()) {
    u.parameters[u.count++] = parameter_of(call, i, op.group(), u.groups);
    u.groups += groups_of(call.in[i].elements());
    for (const Tensor& x : call.in.subspan(i, op.group()))
      u.aligned = u.aligned && is_aligned(input(x));
    if (u.count < kMostAtOnce && i + op.group() < call.in.size()) continue;
    launch(call, u);
    if (u.factors.data) u.factors.data += u.count;
    u.count = 0;
    u.groups = 0;
  }
}

}  // namespace mlrun::ops
