#include "ops/device_check.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>

#include "ops/harness.h"

namespace mlrun::ops::testing {
namespace {

// Times the tolerance of the case, by which both may be off the truth; gradients are sums of
// values.
constexpr double kOfResult = 2, kOfGradients = 16;
constexpr int kReplays = 3;  // as it is, recorded, and from the recording

class Ways {
 public:
  Ways(const DeviceBackend& device, const DeviceCase& c) : device_(device), case_(c) {}

  Words alone(const graph::Graph& graph, size_t copy, int64_t spare = 0, int replays = 0) const {
    return run(graph, spare, replays)(case_.memory.subspan(copy, 1))[0];
  }

  std::vector<Words> stacked() const { return run(case_.fused, 0, 0)(case_.memory); }

  bool agree(const Words& a, const Words& b) const {
    if (device_.bitwise) return same_bits(a, b);
    for (size_t i = 0; i < a.size(); ++i) {
      const double off = distance(a[i], Array(b[i].begin(), b[i].end()), 1);
      if (off <= (i == 0 ? kOfResult : kOfGradients) * case_.tolerance) continue;
      MESSAGE("value ", i, " is off by ", off);
      return false;
    }
    return true;
  }

 private:
  DeviceRun run(const graph::Graph& graph, int64_t spare, int replays) const {
    return {graph,       case_.inputs,        case_.keep, *device_.kernels, *device_.context,
            case_.batch, case_.batch + spare, replays};
  }

  const DeviceBackend& device_;
  const DeviceCase& case_;
};

}  // namespace

bool same_bits(const std::vector<std::vector<float>>& a, const std::vector<std::vector<float>>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.size() == y.size() &&
           (x.empty() || std::memcmp(x.data(), y.data(), x.size() * sizeof(float)) == 0);
  });
}

Words run_every_way(const DeviceBackend& device, const DeviceCase& c) {
  const Ways ways(device, c);
  const Words results = ways.alone(c.graph, 0);
  const Words fused = ways.alone(c.fused, 0);
  CHECK_MESSAGE(ways.agree(fused, results), "fused");
  CHECK_MESSAGE(ways.agree(ways.alone(c.graph, 0, c.spare), results), "in a larger plan");
  CHECK_MESSAGE(ways.agree(ways.alone(c.fused, 0, 0, kReplays), results), "replayed");
  const std::vector<Words> stacked = ways.stacked();
  for (size_t k = 0; k < kCopies; ++k) {
    CHECK_MESSAGE(ways.agree(stacked[k], k == 0 ? fused : ways.alone(c.fused, k)), "copy ", k,
                  " of a stack");
  }
  return results;
}

}  // namespace mlrun::ops::testing
