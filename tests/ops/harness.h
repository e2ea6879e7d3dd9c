// One case declaration per op buys every check of it: forward against a naive reference in double,
// the gradient against central differences of that reference, fused against unfused, one thread
// against several, and a plan of more samples than the batch against a plan of exactly the batch.
// (The spirit of ggml's test-backend-ops and flashlight's AutogradTestUtils.)
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "device/context.h"
#include "graph/graph.h"

namespace mlrun::ops::testing {

using graph::Graph;
using graph::ValueId;

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();
inline constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

/// Elements of a tensor as the references see them; integers too.
using Array = std::vector<double>;

/// N, and the channels or features that a case makes its shapes from.
struct Sizes {
  int64_t batch = 0;
  int64_t width = 0;
};

/// Drawn uniformly from [low, high); whole numbers where the dtype is an integer.
struct Input {
  Shape shape;
  double low = -2;
  double high = 2;
  DType dtype = DType::kFloat32;
};

struct Case {
  std::string name;
  std::function<std::vector<Input>(int64_t width)> inputs;
  std::function<ValueId(Graph&, std::span<const ValueId>)> build;
  std::function<Array(std::span<const Array>, Sizes)> reference;
  bool differentiable = true;  ///< the gradient of every float input is checked
  double tolerance = 1e-5;     ///< of |got - want| / max(|want|, floor)
  double floor = 1e-3;
};

/// Where cases run: its kernels, and a context per number of threads (the first is compared with
/// the reference, the others with the first, bitwise). A further backend is a further entry.
struct Backend {
  std::string name;
  const graph::KernelTable* kernels;
  std::vector<std::shared_ptr<device::Context>> contexts;
};

const std::vector<Backend>& backends();

/// Empty, one, odd, large, and batches as large as the width (an ambiguous broadcast).
std::span<const Sizes> all_sizes();

void check(const Case& c, std::span<const Sizes> sizes = all_sizes());

/// `shape` with its batch, filled as `input` says; a function of (salt, element) alone.
std::vector<float> draw(const Input& input, int64_t elements, uint64_t salt);

/// max |got - want| / max(|want|, floor); equal infinities and two NaNs differ by 0.
double distance(std::span<const float> got, std::span<const double> want, double floor);

}  // namespace mlrun::ops::testing
