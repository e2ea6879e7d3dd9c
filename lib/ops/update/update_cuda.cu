#include "ops/update/update.h"

#include <vector>

#include "ops/kernel/device_floats.h"
#include "ops/kernel/launch.h"

namespace mlrun::ops {
namespace {

constexpr int kMostParameters = 16;  // parameters of one launch: they travel as its arguments

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
  Parameter parameters[kMostParameters];
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

// What a rule remembers of one element: its slots, in the order in which the op has them.
struct Kept {
  float first = 0, second = 0, third = 0;
};

template <UpdateRule kRule>
MLRUN_DEVICE float updated(const UpdateSettings& s, float p, float g, const Rates& rates,
                           Kept& kept);

template <>
MLRUN_DEVICE inline float updated<UpdateRule::kSgd>(const UpdateSettings& s, float p, float g,
                                                    const Rates& rates, Kept& kept) {
  const float lr = rates.learning_rate;
  if (s.momentum <= 0) return p - lr * g;
  const float v = s.momentum * kept.first - lr * g;
  kept.first = v;
  return s.nesterov ? p + (s.momentum * v - lr * g) : p + v;
}

template <>
MLRUN_DEVICE inline float updated<UpdateRule::kAdam>(const UpdateSettings& s, float p, float g,
                                                     const Rates& rates, Kept& kept) {
  const float m = kept.first + (1 - s.beta_1) * (g - kept.first);
  const float v = kept.second + (1 - s.beta_2) * (g * g - kept.second);
  kept.first = m;
  kept.second = v;
  float scale = v;
  if (s.amsgrad) {
    scale = kept.third > v ? kept.third : v;
    kept.third = scale;
  }
  return p - rates.step_size * m / (sqrtf(scale) + s.epsilon);
}

// Of the mean's square nothing is left of the variance but what rounding makes, which may be
// negative. The mean is behind the momentum, if there is one.
template <>
MLRUN_DEVICE inline float updated<UpdateRule::kRmsprop>(const UpdateSettings& s, float p, float g,
                                                        const Rates& rates, Kept& kept) {
  const bool has_momentum = s.momentum > 0;
  const float rest = 1 - s.beta_2;
  const float v = kept.first + rest * (g * g - kept.first);
  kept.first = v;
  float scale = v;
  if (s.centered) {
    float mean = has_momentum ? kept.third : kept.second;
    mean += rest * (g - mean);
    (has_momentum ? kept.third : kept.second) = mean;
    scale = v - mean * mean;
    if (scale < 0) scale = 0;
  }
  float step = rates.learning_rate * g / sqrtf(scale + s.epsilon);
  if (has_momentum) {
    step += s.momentum * kept.second;
    kept.second = step;
  }
  return p - step;
}

template <>
MLRUN_DEVICE inline float updated<UpdateRule::kAdagrad>(const UpdateSettings& s, float p, float g,
                                                        const Rates& rates, Kept& kept) {
  const float a = kept.first + g * g;
  kept.first = a;
  return p - rates.learning_rate * g / sqrtf(a + s.epsilon);
}

MLRUN_DEVICE inline float clipped(float g, float limit) {
  if (limit <= 0) return g;
  return g > limit ? limit : g < -limit ? -limit : g;
}

template <UpdateRule kRule>
MLRUN_DEVICE void update_group(const Updates& u, int64_t k, int64_t group) {
  if (u.gate.data && *u.gate(k) == 0) return;
  int which = 0;
  while (which + 1 < u.count && group >= u.parameters[which + 1].begin) ++which;
  const Parameter& x = u.parameters[which];
  const int64_t at = (group - x.begin) * kMostFloats;
  const int count = size_of_group(x.elements, group - x.begin);
  const bool all = u.aligned && count == kMostFloats;
  const auto load = [&](const Stacked<float>& slot) {
    return slot.data ? load_some(slot(k) + at, all, count) : Floats<kMostFloats>{};
  };
  Floats<kMostFloats> p = load_some(x.value(k) + at, all, count);
  const Floats<kMostFloats> g = load_some(x.gradient(k) + at, all, count);
  Floats<kMostFloats> first = load(x.slots[0]);
  Floats<kMostFloats> second = load(x.slots[1]);
  Floats<kMostFloats> third = load(x.slots[2]);
  const Rates rates = rates_of(u, k);
  for (int i = 0; i < kMostFloats; ++i) {
    float slope = g.of[i];
    if (u.factors.data) slope *= u.factors(k)[which];
    slope = clipped(slope, u.settings.clipvalue);
    float value = p.of[i];
    if (u.settings.weight_decay > 0) {
      value *= 1.0f - rates.learning_rate * u.settings.weight_decay;
    }
    Kept kept{first.of[i], second.of[i], third.of[i]};
    p.of[i] = updated<kRule>(u.settings, value, slope, rates, kept);
    first.of[i] = kept.first, second.of[i] = kept.second, third.of[i] = kept.third;
  }
  const auto store = [&](const Floats<kMostFloats>& values, const Stacked<float>& slot) {
    if (slot.data) store_some(values, slot(k) + at, all, count);
  };
  store(p, x.value);
  store(first, x.slots[0]);
  store(second, x.slots[1]);
  store(third, x.slots[2]);
}

template <UpdateRule kRule>
void launch_rule(const graph::KernelCall& call, const Updates& u) {
  for_each_element(call, u.groups, [=] MLRUN_KERNEL(int64_t k, int64_t group) {
    update_group<kRule>(u, k, group);
  });
}

void launch(const graph::KernelCall& call, const Updates& u) {
  switch (u.settings.rule) {
    case UpdateRule::kSgd:
      return launch_rule<UpdateRule::kSgd>(call, u);
    case UpdateRule::kAdam:
      return launch_rule<UpdateRule::kAdam>(call, u);
    case UpdateRule::kRmsprop:
      return launch_rule<UpdateRule::kRmsprop>(call, u);
    case UpdateRule::kAdagrad:
      return launch_rule<UpdateRule::kAdagrad>(call, u);
  }
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
    if (u.count < kMostParameters && i + op.group() < call.in.size()) continue;
    launch(call, u);
    if (u.factors.data) u.factors.data += u.count;
    u.count = 0;
    u.groups = 0;
  }
}

}  // namespace mlrun::ops
