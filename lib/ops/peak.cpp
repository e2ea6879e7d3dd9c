#include "ops/peak.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/clock.h"
#include "device/cpu_context.h"
#include "ops/product/gemm.h"

namespace mlrun::ops {
namespace {

constexpr int64_t kSide = 384;
constexpr int kRepeats = 8;
constexpr int kRounds = 5;
constexpr size_t kStreamFloats = size_t{16} << 20;

// Seconds of the fastest of some rounds of `work` by all threads.
template <class Work>
double fastest(device::ThreadTeam& team, Work work) {
  double best = 1e30;
  for (int round = 0; round < kRounds; ++round) {
    const Stopwatch watch;
    team.run(work);
    best = std::min(best, watch.seconds());
  }
  return best;
}

double product_rate(device::ThreadTeam& team) {
  const auto size = static_cast<size_t>(kSide * kSide);
  const std::vector<float> a(size, 1.0f), b(size, 1.0f);
  std::vector<std::vector<float>> c(static_cast<size_t>(team.size()), std::vector<float>(size));
  const double seconds = fastest(team, [&](int index, int) {
    GemmArgs x;
    x.m = x.n = x.k = x.lda = x.ldb = x.ldc = kSide;
    x.a = a.data();
    x.b = b.data();
    x.c = c[static_cast<size_t>(index)].data();
    for (int i = 0; i < kRepeats; ++i) gemm(x);
  });
  return 2.0 * kSide * kSide * kSide * kRepeats * team.size() / seconds;
}

double stream_rate(device::ThreadTeam& team) {
  const std::vector<float> from(kStreamFloats, 1.0f);
  std::vector<float> to(kStreamFloats);
  const double seconds = fastest(team, [&](int index, int count) {
    const size_t part = kStreamFloats / static_cast<size_t>(count);
    const size_t begin = part * static_cast<size_t>(index);
    std::memcpy(to.data() + begin, from.data() + begin, part * sizeof(float));
  });
  return 2.0 * kStreamFloats * sizeof(float) / seconds;
}

}  // namespace

Peak measure_peak_cpu(device::Context& context) {
  device::ThreadTeam& team = device::cpu_team(context);
  return {product_rate(team), stream_rate(team)};
}

}  // namespace mlrun::ops
