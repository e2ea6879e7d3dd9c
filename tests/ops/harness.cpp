#include "ops/harness.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

#include "base/philox.h"
#include "device/cpu_context.h"
#include "graph/executable.h"
#include "ops/cpu_kernels.h"
#include "ops/device_backends.h"
#include "ops/device_check.h"
#include "ops/device_run.h"
#include "ops/functions.h"
#include "ops/fusion.h"

namespace mlrun::ops::testing {
namespace {

constexpr int64_t kSpareSamples = 5;
constexpr size_t kProbes = 6;  // elements of an input whose derivative is checked

double as_double(float word, DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return word;
    case DType::kInt32:
      return std::bit_cast<int32_t>(word);
    case DType::kUint32:
      return std::bit_cast<uint32_t>(word);
    case DType::kBfloat16:
    case DType::kFloat16:
      break;  // never read from outside
  }
  return 0;
}

// A case at one size: f(x), the objective sum(w f(x)) and its gradients.
struct Built {
  Graph graph;
  std::vector<ValueId> inputs;  ///< of the case, then w
  std::vector<ValueId> wrt;
  std::vector<ValueId> keep;  ///< f(x), then the gradients that exist
  std::vector<ValueId> grads;
};

Built build(const Case& c, const std::vector<Input>& inputs) {
  Built b;
  for (size_t i = 0; i < inputs.size(); ++i) {
    b.inputs.push_back(b.graph.input(fmt::format("x{}", i), {inputs[i].shape, inputs[i].dtype}));
    if (inputs[i].dtype == DType::kFloat32) b.wrt.push_back(b.inputs.back());
  }
  const ValueId y = c.build(b.graph, b.inputs);
  b.keep = {y};
  if (!c.differentiable) return b;
  b.inputs.push_back(b.graph.input("w", b.graph.value(y).type));
  const ValueId objective = sum(b.graph, mul(b.graph, b.inputs.back(), y));
  b.grads = graph::differentiate(b.graph, objective, b.wrt, autodiff_ops());
  for (const ValueId grad : b.grads) {
    if (grad != graph::kNoValue) b.keep.push_back(grad);
  }
  return b;
}

struct Setup {
  const graph::KernelTable& kernels;
  device::Context& context;
  int64_t batch;
  int64_t max_batch;
};

std::vector<std::vector<float>> run(const Built& b, const Graph& graph, const Setup& setup,
                                    std::vector<std::vector<float>> memory) {
  graph::Executable executable(graph, b.keep, setup.max_batch, setup.kernels, setup.context);
  for (size_t i = 0; i < b.inputs.size(); ++i) executable.bind(b.inputs[i], memory[i].data());
  if (setup.max_batch > setup.batch) executable.run(setup.max_batch);
  executable.run(setup.batch);
  std::vector<std::vector<float>> results;
  for (const ValueId id : b.keep) {
    const Tensor t = executable.tensor(id);
    results.emplace_back(t.f32(), t.f32() + t.elements());
  }
  return results;
}

Array to_doubles(const std::vector<float>& words, DType dtype, int64_t count) {
  Array array(static_cast<size_t>(count));
  for (size_t i = 0; i < array.size(); ++i) array[i] = as_double(words[i], dtype);
  return array;
}

// One size of one case.
class Check {
 public:
  Check(const Case& c, Sizes sizes)
      : case_(c), sizes_(sizes), inputs_(c.inputs(sizes.width)), built_(build(c, inputs_)) {
    for (size_t k = 0; k < kCopies; ++k) memory_.push_back(memory_of_copy(k));
    for (size_t i = 0; i < built_.inputs.size(); ++i) {
      const TensorType& type = built_.graph.value(built_.inputs[i]).type;
      arrays_.push_back(to_doubles(memory_[0][i], type.dtype, type.shape.elements(sizes.batch)));
    }
    want_ = reference();
    if (case_.differentiable) objective_ = objective(want_);
  }

  void run_all() {
    Graph fused = built_.graph;
    fuse(fused, built_.keep);
    for (const Backend& backend : backends()) {
      INFO(backend.name);
      const auto once = [&](const Graph& graph, size_t context, int64_t spare) {
        return run(
            built_, graph,
            {*backend.kernels, *backend.contexts[context], sizes_.batch, sizes_.batch + spare},
            memory_[0]);
      };
      const std::vector<std::vector<float>> results = once(built_.graph, 0, 0);
      check_forward(results[0]);
      check_gradients(results);
      CHECK_MESSAGE(same_bits(once(fused, 0, 0), results), "fused");
      CHECK_MESSAGE(same_bits(once(built_.graph, 0, kSpareSamples), results), "in a larger plan");
      for (size_t context = 1; context < backend.contexts.size(); ++context) {
        CHECK_MESSAGE(same_bits(once(built_.graph, context, 0), results), "more threads");
        CHECK_MESSAGE(same_bits(once(fused, context, kSpareSamples), results),
                      "more threads, fused, in a larger plan");
      }
      for (const DeviceBackend& device : device_backends()) check_device(device, fused, results);
    }
  }

 private:
  // Against the reference and the CPU's gradients.
  void check_device(const DeviceBackend& device, const Graph& fused, const Words& of_cpu) const {
    if (!has_all(*device.kernels, fused)) return;
    INFO(device.name);
    const Words results =
        run_every_way(device, {built_.graph, fused, built_.inputs, built_.keep, sizes_.batch,
                               kSpareSamples, case_.tolerance, memory_});
    check_forward(results[0]);
    for (size_t i = 1; i < results.size(); ++i) {
      const double off = distance(results[i], Array(of_cpu[i].begin(), of_cpu[i].end()), 1);
      CHECK_MESSAGE(off <= 8 * case_.tolerance, "gradient ", i, " differs from the CPU's by ", off);
    }
  }

  // Copy 0 is the case itself, the others have inputs of their own.
  Words memory_of_copy(size_t k) const {
    Words memory;
    for (size_t i = 0; i < built_.inputs.size(); ++i) {
      const TensorType& type = built_.graph.value(built_.inputs[i]).type;
      const Input input = i < inputs_.size() ? inputs_[i] : Input{type.shape};
      const int64_t elements = type.shape.elements(sizes_.batch + kSpareSamples);
      memory.push_back(draw(input, elements, 100 * k + i + 1));
    }
    return memory;
  }

  Array reference() const {
    return case_.reference(std::span(arrays_).first(inputs_.size()), sizes_);
  }

  void check_forward(const std::vector<float>& got) const {
    REQUIRE(got.size() == want_.size());
    CHECK_MESSAGE(distance(got, want_, case_.floor) <= case_.tolerance, "forward: off by ",
                  distance(got, want_, case_.floor));
  }

  double objective(const Array& y) const {
    const Array& w = arrays_.back();
    double sum = 0;
    for (size_t i = 0; i < y.size(); ++i) sum += w[i] * y[i];
    return sum;
  }

  void check_gradients(const std::vector<std::vector<float>>& results) {
    size_t result = 1;
    for (size_t k = 0; k < built_.grads.size(); ++k) {
      const bool exists = built_.grads[k] != graph::kNoValue;
      const auto input =
          static_cast<size_t>(std::find(built_.inputs.begin(), built_.inputs.end(), built_.wrt[k]) -
                              built_.inputs.begin());
      if (exists) REQUIRE(results[result].size() == arrays_[input].size());
      check_gradient(input, exists ? results[result++] : std::vector<float>());
    }
  }

  // A few elements spread over the input. No gradient means zero.
  void check_gradient(size_t input, const std::vector<float>& grad) {
    const size_t count = arrays_[input].size();
    const size_t probes = std::min(kProbes, count);
    for (size_t p = 0; p < probes; ++p) {
      const size_t i = p * (count - 1) / std::max<size_t>(probes - 1, 1);
      const std::optional<double> want = derivative(arrays_[input][i]);
      if (!want) continue;
      const double got = grad.empty() ? 0 : grad[i];
      const double off = std::abs(got - *want) / std::max(std::abs(*want), 1.0);
      CHECK_MESSAGE(off <= 4 * case_.tolerance, "gradient of input ", input, " at ", i, ": ", got,
                    " instead of ", *want);
    }
  }

  // Of the objective, by central differences; nothing at a kink, where the two sides differ.
  std::optional<double> derivative(double& x) {
    constexpr double kStep = 1e-6;
    const double at = x;
    x = at + kStep;
    const double above = objective(reference());
    x = at - kStep;
    const double below = objective(reference());
    x = at;
    const double slope = (above - below) / (2 * kStep);
    const double bend = (above - 2 * objective_ + below) / kStep;
    if (std::abs(bend) > 5e-5 * std::max(std::abs(slope), 1.0)) return std::nullopt;
    return slope;
  }

  const Case& case_;
  Sizes sizes_;
  std::vector<Input> inputs_;
  Built built_;
  std::vector<Words> memory_;  // of each copy
  std::vector<Array> arrays_;  // of the first, as the reference sees it
  Array want_;                 // f(x), by the reference
  double objective_ = 0;       // of want_
};

}  // namespace

const std::vector<Backend>& backends() {
  static const std::vector<Backend> all = {
      {"CPU",
       &cpu_kernels(),
       {std::make_shared<device::CpuContext>(1), std::make_shared<device::CpuContext>(3)}}};
  return all;
}

std::span<const Sizes> all_sizes() {
  static constexpr Sizes kSizes[] = {{0, 7}, {1, 1},   {1, 7},   {7, 1},    {7, 33},
                                     {7, 7}, {33, 33}, {3, 700}, {1031, 67}};
  return kSizes;
}

std::vector<float> draw(const Input& input, int64_t elements, uint64_t salt) {
  const PhiloxStream stream(7, Purpose::kGenerate);
  // One spare word: an empty tensor has an address too.
  std::vector<float> words(static_cast<size_t>(elements) + 1);
  PhiloxBlock drawn{};
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (i % 4 == 0) drawn = stream.block(salt, i / 4);
    const double x = input.low == input.high ? input.low  // infinities too
                                             : input.low + (input.high - input.low) *
                                                               PhiloxStream::to_unit(drawn[i % 4]);
    if (input.dtype == DType::kFloat32) {
      words[i] = static_cast<float>(x);
    } else {
      words[i] = std::bit_cast<float>(static_cast<uint32_t>(static_cast<int64_t>(std::floor(x))));
    }
  }
  return words;
}

double distance(std::span<const float> got, std::span<const double> want, double floor) {
  double worst = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    if (std::isnan(want[i]) ? std::isnan(got[i]) : static_cast<double>(got[i]) == want[i]) continue;
    const double off = std::abs(got[i] - want[i]) / std::max(std::abs(want[i]), floor);
    worst = off >= 0 ? std::max(worst, off) : std::numeric_limits<double>::infinity();
  }
  return worst;
}

void check(const Case& c, std::span<const Sizes> sizes) {
  for (const Sizes& size : sizes) {
    INFO(c.name, " at N = ", size.batch, ", width ", size.width);
    Check(c, size).run_all();
  }
}

}  // namespace mlrun::ops::testing
