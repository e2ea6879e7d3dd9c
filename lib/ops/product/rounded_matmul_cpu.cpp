#include "ops/product/matmul.h"

namespace mlrun::ops {
namespace {

// Below this many floats to round a second thread costs more than it brings.
constexpr int64_t kRoundGrain = 1 << 14;

}  // namespace

int64_t rounded_workspace(const GemmArgs& x) {
  return static_cast<int64_t>(sizeof(float)) * (x.m * x.k + x.k * x.n);
}

void multiply_rounded(GemmArgs x, RoundFunction round, device::ThreadTeam& team,
                      std::byte* workspace, const RowsWork* epilogue) {
  auto* rounded = reinterpret_cast<float*>(workspace);
  const auto round_next = [&](const float* from, int64_t count) {
    float* to = rounded;
    device::parallel_for(team, count, kRoundGrain, [&](int64_t begin, int64_t end) {
      round(from + begin, to + begin, end - begin);
    });
    rounded += count;
    return to;
  };
  x.a = round_next(x.a, x.m * x.k);
  x.b = round_next(x.b, x.k * x.n);
  multiply_float32(x, team, epilogue);
}

}  // namespace mlrun::ops
