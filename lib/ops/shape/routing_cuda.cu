#include "ops/kernel/divider.h"
#include "ops/kernel/launch.h"
#include "ops/shape/routing.h"

namespace mlrun::ops {
namespace {

using Counts = Stacked<int32_t>;
using ReadNumbers = Stacked<const int32_t>;

ReadNumbers numbers(const Tensor& x) { return stacked<const int32_t>(x); }

MLRUN_KERNEL bool is_among(const int32_t* chosen, int64_t count, int32_t expert) {
  for (int64_t j = 0; j < count; ++j) {
    if (chosen[j] == expert) return true;
  }
  return false;
}

// The best of p that comes after the earlier ones; valid even if all are NaN.
MLRUN_KERNEL int32_t best_of(const float* p, int64_t experts, const int32_t* earlier,
                             int64_t count) {
  int32_t best = -1;
  for (int32_t e = 0; e < experts; ++e) {
    if (is_among(earlier, count, e)) continue;
    if (best < 0 || p[e] > p[best]) best = e;
  }
  return best;
}

// The pairs (token, expert) are counted in chunks side by side.
struct Chunks {
  int64_t pairs;
  int64_t experts;
  int64_t length;
  int64_t count;

  static constexpr int64_t kLeast = 64;
  static constexpr int64_t kMost = 128;

  Chunks(int64_t pair_count, int64_t expert_count)
      : pairs(pair_count),
        experts(expert_count),
        length(std::max(kLeast, (pair_count + kMost - 1) / kMost)),
        count((pair_count + length - 1) / length) {}

  MLRUN_KERNEL int64_t begin(int64_t chunk) const { return chunk * length; }
  MLRUN_KERNEL int64_t end(int64_t chunk) const {
    return (chunk + 1) * length < pairs ? (chunk + 1) * length : pairs;
  }
};

void choose_experts(const graph::KernelCall& call, int64_t choices) {
  const int64_t experts = call.in[0].shape.back();
  const auto p = input(call.in[0]);
  const auto choice = stacked<int32_t>(call.out[0]);
  for_each_element(call, call.in[0].elements() / experts,
                   [=] MLRUN_KERNEL(int64_t k, int64_t token) {
                     int32_t* chosen = choice(k) + token * choices;
                     for (int64_t j = 0; j < choices; ++j) {
                       chosen[j] = best_of(p(k) + token * experts, experts, chosen, j);
                     }
                   });
}

// counts (chunks + 1, E): how many pairs of each expert come before the chunk; in the last row, of
// all chunks.
void count_pairs(const graph::KernelCall& call, const Chunks& c, const ReadNumbers& choice,
                 const Counts& counts) {
  const Divider experts(c.experts);
  for_each_element(call, c.count * c.experts, [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const int64_t chunk = experts.quotient(i);
    const int64_t expert = i - chunk * c.experts;
    int32_t count = 0;
    for (int64_t at = c.begin(chunk); at < c.end(chunk); ++at) {
      if (choice(k)[at] == expert) ++count;
    }
    counts(k)[i] = count;
  });
  for_each_element(call, c.experts, [=] MLRUN_KERNEL(int64_t k, int64_t expert) {
    int32_t before = 0;
    for (int64_t chunk = 0; chunk < c.count; ++chunk) {
      int32_t& at = counts(k)[chunk * c.experts + expert];
      const int32_t here = at;
      at = before;
      before += here;
    }
    counts(k)[c.count * c.experts + expert] = before;
  });
}

void find_places(const graph::KernelCall& call, const Chunks& c, const ReadNumbers& choice,
                 const Counts& counts) {
  const Divider experts(c.experts);
  const auto first = stacked<int32_t>(call.out[2]);
  const auto place = stacked<int32_t>(call.out[1]);
  for_each_element(call, c.experts + 1, [=] MLRUN_KERNEL(int64_t k, int64_t expert) {
    int32_t before = 0;
    for (int64_t e = 0; e < expert; ++e) before += counts(k)[c.count * c.experts + e];
    first(k)[expert] = before;
  });
  for_each_element(call, c.count * c.experts, [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const int64_t chunk = experts.quotient(i);
    const int64_t expert = i - chunk * c.experts;
    int32_t next = first(k)[expert] + counts(k)[i];
    for (int64_t at = c.begin(chunk); at < c.end(chunk); ++at) {
      if (choice(k)[at] == expert) place(k)[at] = next++;
    }
  });
}

// The rows and tokens of Dispatch, Combine and GateGrad.
struct RoutedTokens {
  ReadNumbers place;
  Stacked<const float> gate;  ///< may be null
  int64_t count;
  Divider choices;
  Divider width;

  RoutedTokens(const graph::KernelCall& call, bool gated)
      : place(numbers(call.in[1])),
        count(call.in[1].elements() / call.in[1].shape.back()),
        choices(call.in[1].shape.back()),
        width(call.in[0].shape.back()) {
    if (gated && call.in.size() > 2) gate = input(call.in[2]);
  }

  MLRUN_KERNEL float gate_of(int64_t k, int64_t pair) const {
    return gate.data ? gate(k)[pair] : 1.0f;
  }
};

}  // namespace

void route_cuda(const graph::KernelCall& call) {
  const int64_t experts = call.in[0].shape.back();
  const Chunks chunks(call.out[0].elements(), experts);
  const auto counts = scratch_values<int32_t>(call, (chunks.count + 1) * experts);
  const ReadNumbers choice = numbers(call.out[0]);
  choose_experts(call, static_cast<const RouteOp&>(call.op).choices());
  count_pairs(call, chunks, choice, counts);
  find_places(call, chunks, choice, counts);
}

void choose_cuda(const graph::KernelCall& call) {
  const int64_t experts = call.in[0].shape.back();
  const Divider choices(call.in[1].shape.back());
  const auto p = input(call.in[0]);
  const ReadNumbers choice = numbers(call.in[1]);
  const auto y = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    y(k)[i] = p(k)[choices.quotient(i) * experts + choice(k)[i]];
  });
}

void choose_grad_cuda(const graph::KernelCall& call) {
  const Divider experts(call.in[0].shape.back());
  const int64_t choices = call.in[1].shape.back();
  const ReadNumbers choice = numbers(call.in[1]);
  const auto dy = input(call.in[2]);
  const auto dx = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const int64_t token = experts.quotient(i);
    const int64_t expert = i - token * experts.divisor();
    float value = 0;
    for (int64_t pair = token * choices; pair < (token + 1) * choices; ++pair) {
      if (choice(k)[pair] == expert) value = dy(k)[pair];
    }
    dx(k)[i] = value;
  });
}

void expert_share_cuda(const graph::KernelCall& call) {
  const int64_t experts = call.out[0].elements();
  const ReadNumbers first = numbers(call.in[0]);
  const auto share = output(call.out[0]);
  for_each_element(call, experts, [=] MLRUN_KERNEL(int64_t k, int64_t e) {
    const int32_t all = first(k)[experts] > 1 ? first(k)[experts] : 1;
    share(k)[e] = static_cast<float>(first(k)[e + 1] - first(k)[e]) / static_cast<float>(all);
  });
}

// Every row is the place of one pair.
void dispatch_cuda(const graph::KernelCall& call) {
  const RoutedTokens t(call, true);
  const auto x = input(call.in[0]);
  const auto y = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const int64_t width = t.width.divisor();
    const int64_t pair = t.width.quotient(i);
    const int64_t c = i - pair * width;
    const float value = x(k)[t.choices.quotient(pair) * width + c];
    y(k)[t.place(k)[pair] * width + c] = t.gate_of(k, pair) * value;
  });
}

void combine_cuda(const graph::KernelCall& call) {
  const RoutedTokens t(call, true);
  const auto x = input(call.in[0]);
  const auto y = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const int64_t width = t.width.divisor();
    const int64_t token = t.width.quotient(i);
    const int64_t c = i - token * width;
    float sum = 0;
    for (int64_t j = 0; j < t.choices.divisor(); ++j) {
      const int64_t pair = token * t.choices.divisor() + j;
      sum += t.gate_of(k, pair) * x(k)[t.place(k)[pair] * width + c];
    }
    y(k)[i] = sum;
  });
}

void gate_grad_cuda(const graph::KernelCall& call) {
  const RoutedTokens t(call, false);
  const auto x = input(call.in[0]);
  const auto of_dy = input(call.in[2]);
  const auto dgate = output(call.out[0]);
  for_each_row(call, call.out[0].elements(), t.width.divisor(),
               [=] MLRUN_KERNEL(int64_t k, int64_t pair, const Lanes& lanes) {
                 const int64_t width = t.width.divisor();
                 const float* row = x(k) + t.place(k)[pair] * width;
                 const float* dy = of_dy(k) + t.choices.quotient(pair) * width;
                 double sum = 0;
                 for (int64_t c = lanes.lane(); c < width; c += lanes.size()) {
                   sum += static_cast<double>(row[c]) * dy[c];
                 }
                 sum = lanes.sum(sum);
                 if (lanes.lane() == 0) dgate(k)[pair] = static_cast<float>(sum);
               });
}

}  // namespace mlrun::ops
