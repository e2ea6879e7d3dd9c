#include "ops/recurrent/recurrent.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "ops/functions.h"
#include "ops/harness.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

constexpr int64_t kSteps = 4;
constexpr int64_t kFeatures = 3;

double activate(CellActivation f, double x) {
  switch (f) {
    case CellActivation::kTanh:
      return std::tanh(x);
    case CellActivation::kSigmoid:
      return 1 / (1 + std::exp(-x));
    case CellActivation::kHardSigmoid:
      return std::min(std::max(x / 6 + 0.5, 0.0), 1.0);
    case CellActivation::kRelu:
      return std::max(x, 0.0);
    case CellActivation::kLinear:
      break;
  }
  return x;
}

// A cell as its formula says, one sample and one unit after the other.
class CellReference {
 public:
  CellReference(const RecurrentSettings& settings, std::span<const Array> x, Sizes sizes)
      : settings_(settings), x_(x), sizes_(sizes), state_(size_t(sizes.width)), cell_(state_) {}

  void step(int64_t sample, int64_t t) {
    const int64_t units = sizes_.width;
    if (settings_.masked && x_.back()[size_t(sample * kSteps + t)] <= 0) return;
    const Array before = state_;
    const auto gate = [&](int64_t g, int64_t k) {
      return outside(sample, t, g, k) + inside(before, g, k);
    };
    const auto f = [&](double v) { return activate(settings_.activation, v); };
    const auto s = [&](double v) { return activate(settings_.recurrent_activation, v); };
    Array reset = before;
    for (int64_t k = 0; k < units; ++k)
      reset[size_t(k)] *= settings_.gates() == 3 ? s(gate(1, k)) : 1;
    for (int64_t k = 0; k < units; ++k) {
      double& h = state_[size_t(k)];
      if (settings_.cell == Cell::kSimple) {
        h = f(gate(0, k));
      } else if (settings_.cell == Cell::kLstm) {
        double& c = cell_[size_t(k)];
        c = s(gate(1, k)) * c + s(gate(0, k)) * f(gate(2, k));
        h = s(gate(3, k)) * f(c);
      } else {
        const double third = settings_.cell == Cell::kGru ? s(gate(1, k)) * inside(before, 2, k)
                                                          : inside(reset, 2, k);
        const double z = s(gate(0, k));
        h = z * before[size_t(k)] + (1 - z) * f(outside(sample, t, 2, k) + third);
      }
    }
  }

  const Array& state() const { return state_; }

 private:
  int64_t width() const { return settings_.gates() * sizes_.width; }

  double outside(int64_t sample, int64_t t, int64_t g, int64_t k) const {
    const int64_t column = g * sizes_.width + k;
    double sum = x_[3][size_t(column)];
    for (int64_t c = 0; c < kFeatures; ++c) {
      sum += x_[0][size_t((sample * kSteps + t) * kFeatures + c)] *
             x_[1][size_t(c * width() + column)];
    }
    return sum;
  }

  double inside(const Array& h, int64_t g, int64_t k) const {
    const int64_t column = g * sizes_.width + k;
    double sum = settings_.cell == Cell::kGru ? x_[4][size_t(column)] : 0;
    for (int64_t j = 0; j < sizes_.width; ++j) {
      sum += h[size_t(j)] * x_[2][size_t(j * width() + column)];
    }
    return sum;
  }

  const RecurrentSettings& settings_;
  std::span<const Array> x_;
  Sizes sizes_;
  Array state_;
  Array cell_;
};

Array expected(const RecurrentSettings& settings, bool sequences, bool reverse,
               std::span<const Array> x, Sizes s) {
  Array y;
  for (int64_t n = 0; n < s.batch; ++n) {
    CellReference cell(settings, x, s);
    for (int64_t i = 0; i < kSteps; ++i) {
      cell.step(n, reverse ? kSteps - 1 - i : i);
      if (sequences || i + 1 == kSteps) y.insert(y.end(), cell.state().begin(), cell.state().end());
    }
  }
  return y;
}

Case recurrent_case(const RecurrentSettings& settings, bool sequences, bool reverse = false) {
  Case c;
  c.name = "recurrent";
  c.inputs = [=](int64_t units) {
    const int64_t width = settings.gates() * units;
    const double scale = 1 / std::sqrt(static_cast<double>(units));
    std::vector<Input> inputs = {{{kBatch, kSteps, kFeatures}},
                                 {{kFeatures, width}, -0.5, 0.5},
                                 {{units, width}, -scale, scale},
                                 {{width}, -0.5, 0.5}};
    if (settings.cell == Cell::kGru) inputs.push_back({{width}, -0.5, 0.5});
    if (settings.masked) inputs.push_back({{kBatch, kSteps}});
    return inputs;
  };
  c.build = [=](Graph& g, std::span<const ValueId> x) {
    RecurrentInputs inputs;
    inputs.x = x[0];
    inputs.kernel = x[1];
    inputs.recurrent = x[2];
    inputs.bias = x[3];
    if (settings.cell == Cell::kGru) inputs.recurrent_bias = x[4];
    if (settings.masked) inputs.mask = unary(g, Ew::kGreaterC, x.back(), 0);
    inputs.reverse = reverse;
    const RecurrentResult result = recurrent(g, settings, inputs);
    return sequences ? result.states : result.last;
  };
  c.reference = [=](std::span<const Array> x, Sizes s) {
    return expected(settings, sequences, reverse, x, s);
  };
  c.tolerance = 2e-5;
  c.floor = 0.1;
  return c;
}

constexpr Sizes kRecurrentSizes[] = {{0, 3},  {1, 1},  {1, 7},  {7, 1},
                                     {7, 17}, {33, 7}, {70, 5}, {3, 40}};

}  // namespace

TEST_CASE("recurrent: every cell, forward and backward, all states and the last one") {
  for (const Cell cell : {Cell::kSimple, Cell::kLstm, Cell::kGru, Cell::kGruResetFirst}) {
    RecurrentSettings settings;
    settings.cell = cell;
    CAPTURE(static_cast<int>(cell));
    check(recurrent_case(settings, true), kRecurrentSizes);
    check(recurrent_case(settings, false), kRecurrentSizes);
    check(recurrent_case(settings, true, true), kRecurrentSizes);
  }
}

TEST_CASE("recurrent: masked steps keep the state") {
  constexpr Sizes kFew[] = {{1, 7}, {7, 17}, {33, 7}};
  for (const Cell cell : {Cell::kSimple, Cell::kLstm, Cell::kGru, Cell::kGruResetFirst}) {
    RecurrentSettings settings;
    settings.cell = cell;
    settings.masked = true;
    check(recurrent_case(settings, true), kFew);
    check(recurrent_case(settings, false, true), kFew);
  }
}

TEST_CASE("recurrent: other activations") {
  constexpr Sizes kFew[] = {{7, 17}};
  for (const CellActivation f : {CellActivation::kLinear, CellActivation::kRelu,
                                 CellActivation::kSigmoid, CellActivation::kHardSigmoid}) {
    check(recurrent_case({Cell::kSimple, f, f, false}, true), kFew);
    check(recurrent_case({Cell::kLstm, f, CellActivation::kHardSigmoid, false}, true), kFew);
    check(recurrent_case({Cell::kGru, f, CellActivation::kHardSigmoid, false}, true), kFew);
  }
}

TEST_CASE("recurrent: more units than a block of a GPU's threads holds in registers, or takes") {
  constexpr Sizes kLarge[] = {{2, 128}, {2, 230}};
  for (const Cell cell : {Cell::kSimple, Cell::kLstm, Cell::kGru}) {
    RecurrentSettings settings;
    settings.cell = cell;
    check(recurrent_case(settings, true), kLarge);
    check(recurrent_case(settings, false), kLarge);
  }
}
