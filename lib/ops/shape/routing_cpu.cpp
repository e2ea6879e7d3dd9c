#include <algorithm>

#include "device/cpu_context.h"
#include "ops/shape/routing.h"

namespace mlrun::ops {
namespace {

constexpr int64_t kTokenGrain = 64;  // tokens

// The choice-th best of p that comes after the earlier ones; valid even if all are NaN.
int32_t best_of(const float* p, int64_t experts, const int32_t* earlier, int64_t count) {
  int32_t best = -1;
  for (int32_t e = 0; e < experts; ++e) {
    if (std::find(earlier, earlier + count, e) != earlier + count) continue;
    if (best < 0 || p[e] > p[best]) best = e;
  }
  return best;
}

// The rows and tokens of Dispatch, Combine and GateGrad.
struct Tokens {
  const int32_t* place;
  const float* gate;  ///< may be null
  int64_t count;
  int64_t choices;
  int64_t width;

  Tokens(const graph::KernelCall& call, int64_t token_width, bool gated)
      : place(call.in[1].i32()),
        gate(gated && call.in.size() > 2 ? call.in[2].f32() : nullptr),
        choices(call.in[1].shape.back()),
        width(token_width) {
    count = call.in[1].elements() / choices;
  }
};

// work(token, choice, row) for all.
template <class Work>
void for_each_choice(const graph::KernelCall& call, const Tokens& t, Work work) {
  device::parallel_for(device::cpu_team(call.context), t.count, kTokenGrain,
                       [&](int64_t begin, int64_t end) {
                         for (int64_t i = begin; i < end; ++i) {
                           for (int64_t j = 0; j < t.choices; ++j) {
                             work(i, j, t.place[i * t.choices + j]);
                           }
                         }
                       });
}

}  // namespace

void route_cpu(const graph::KernelCall& call) {
  const float* p = call.in[0].f32();
  const int64_t experts = call.in[0].shape.back();
  const int64_t choices = static_cast<const RouteOp&>(call.op).choices();
  const int64_t tokens = call.in[0].elements() / experts;
  int32_t* choice = call.out[0].i32();
  int32_t* first = call.out[2].i32();
  std::fill_n(first, experts + 1, 0);
  for (int64_t i = 0; i < tokens; ++i) {
    for (int64_t j = 0; j < choices; ++j) {
      int32_t& chosen = choice[i * choices + j];
      chosen = best_of(p + i * experts, experts, choice + i * choices, j);
      ++first[chosen + 1];
    }
  }
  for (int64_t e = 0; e < experts; ++e) first[e + 1] += first[e];
  auto* next = reinterpret_cast<int32_t*>(call.workspace);
  std::copy_n(first, experts, next);
  for (int64_t i = 0; i < tokens * choices; ++i) call.out[1].i32()[i] = next[choice[i]]++;
}

void choose_cpu(const graph::KernelCall& call) {
  const int64_t experts = call.in[0].shape.back();
  const int64_t choices = call.in[1].shape.back();
  for (int64_t i = 0; i < call.in[1].elements(); ++i) {
    call.out[0].f32()[i] = call.in[0].f32()[i / choices * experts + call.in[1].i32()[i]];
  }
}

void choose_grad_cpu(const graph::KernelCall& call) {
  const int64_t experts = call.in[0].shape.back();
  const int64_t choices = call.in[1].shape.back();
  std::fill_n(call.out[0].f32(), call.out[0].elements(), 0.0f);
  for (int64_t i = 0; i < call.in[1].elements(); ++i) {
    call.out[0].f32()[i / choices * experts + call.in[1].i32()[i]] = call.in[2].f32()[i];
  }
}

void expert_share_cpu(const graph::KernelCall& call) {
  const int32_t* first = call.in[0].i32();
  const int64_t experts = call.out[0].elements();
  const auto all = static_cast<float>(std::max(first[experts], 1));
  for (int64_t e = 0; e < experts; ++e) {
    call.out[0].f32()[e] = static_cast<float>(first[e + 1] - first[e]) / all;
  }
}

void dispatch_cpu(const graph::KernelCall& call) {
  const Tokens t(call, call.in[0].shape.back(), true);
  for_each_choice(call, t, [&](int64_t token, int64_t choice, int64_t row) {
    const float* x = call.in[0].f32() + token * t.width;
    float* y = call.out[0].f32() + row * t.width;
    const float gate = t.gate ? t.gate[token * t.choices + choice] : 1.0f;
    for (int64_t c = 0; c < t.width; ++c) y[c] = gate * x[c];
  });
}

void combine_cpu(const graph::KernelCall& call) {
  const Tokens t(call, call.in[0].shape.back(), true);
  for_each_choice(call, t, [&](int64_t token, int64_t choice, int64_t row) {
    const float* x = call.in[0].f32() + row * t.width;
    float* y = call.out[0].f32() + token * t.width;
    const float gate = t.gate ? t.gate[token * t.choices + choice] : 1.0f;
    if (choice == 0) {
      for (int64_t c = 0; c < t.width; ++c) y[c] = gate * x[c];
    } else {
      for (int64_t c = 0; c < t.width; ++c) y[c] += gate * x[c];
    }
  });
}

void gate_grad_cpu(const graph::KernelCall& call) {
  const Tokens t(call, call.in[0].shape.back(), false);
  for_each_choice(call, t, [&](int64_t token, int64_t choice, int64_t row) {
    const float* x = call.in[0].f32() + row * t.width;
    const float* dy = call.in[2].f32() + token * t.width;
    double sum = 0;
    for (int64_t c = 0; c < t.width; ++c) sum += static_cast<double>(x[c]) * dy[c];
    call.out[0].f32()[token * t.choices + choice] = static_cast<float>(sum);
  });
}

}  // namespace mlrun::ops
