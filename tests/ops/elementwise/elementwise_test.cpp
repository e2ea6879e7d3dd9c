#include "ops/elementwise/elementwise.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "ops/functions.h"
#include "ops/harness.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

constexpr double kAlpha = 0.3125;  // the constant of the codes that have one

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

double normal_cdf(double x) { return (1 + std::erf(x / std::numbers::sqrt2)) / 2; }

struct Unary {
  const char* name;
  Ew code;
  double (*formula)(double x);
  double low = -4;
  double high = 4;
  double floor = 1e-3;
  double tolerance = 1e-5;
};

const Unary kUnary[] = {
    {"negate", Ew::kNegate, [](double x) { return -x; }},
    {"exp", Ew::kExp, [](double x) { return std::exp(x); }},
    {"log", Ew::kLog, [](double x) { return std::log(x); }, 0.1, 20},
    {"sqrt", Ew::kSqrt, [](double x) { return std::sqrt(x); }, 0.1, 20},
    {"square", Ew::kSquare, [](double x) { return x * x; }},
    {"abs", Ew::kAbs, [](double x) { return std::abs(x); }},
    {"sign", Ew::kSign, [](double x) { return x > 0   ? 1.0
                                              : x < 0 ? -1.0
                                                      : 0.0; }},
    {"reciprocal", Ew::kReciprocal, [](double x) { return 1 / x; }, 0.2, 5},
    {"erf", Ew::kErf, [](double x) { return std::erf(x); }, -4, 4, 1, 1e-6},
    {"relu", Ew::kRelu, [](double x) { return std::max(x, 0.0); }},
    {"sigmoid", Ew::kSigmoid, sigmoid},
    {"tanh", Ew::kTanh, [](double x) { return std::tanh(x); }},
    {"softplus", Ew::kSoftplus, [](double x) { return std::log1p(std::exp(x)); }},
    {"softsign", Ew::kSoftsign, [](double x) { return x / (1 + std::abs(x)); }},
    {"gelu", Ew::kGelu, [](double x) { return x * normal_cdf(x); }, -4, 4, 1e-1},
    {"scale", Ew::kScale, [](double x) { return x * kAlpha; }},
    {"offset", Ew::kOffset, [](double x) { return x + kAlpha; }},
    {"maximum_c", Ew::kMaximumC, [](double x) { return std::max(x, kAlpha); }},
    {"minimum_c", Ew::kMinimumC, [](double x) { return std::min(x, kAlpha); }},
    {"greater_c", Ew::kGreaterC, [](double x) { return x > kAlpha ? 1.0 : 0.0; }},
    {"leaky_relu", Ew::kLeakyRelu, [](double x) { return x < 0 ? kAlpha * x : x; }},
    {"elu", Ew::kElu, [](double x) { return x < 0 ? kAlpha * std::expm1(x) : x; }},
    {"elu near 0", Ew::kElu, [](double x) { return x < 0 ? kAlpha * std::expm1(x) : x; }, -1e-2,
     1e-2, 1e-9},
    {"hard_sigmoid", Ew::kHardSigmoid, [](double x) { return std::clamp(x / 6 + 0.5, 0.0, 1.0); },
     -4, 4, 1e-2},
};

// Where two operands lie against (N, 5, C).
enum class Lie { kSame, kRow, kMatrix, kColumn, kColumnOne, kPlane, kPlaneOne, kScalar };

Shape shape_of(Lie lie, int64_t width) {
  switch (lie) {
    case Lie::kSame:
      return {kBatch, 5, width};
    case Lie::kRow:
      return {width};
    case Lie::kMatrix:
      return {5, width};
    case Lie::kColumn:
      return {kBatch};
    case Lie::kColumnOne:
      return {kBatch, 1, 1};
    case Lie::kPlane:
      return {kBatch, 5};
    case Lie::kPlaneOne:
      return {kBatch, 5, 1};
    case Lie::kScalar:
      return {};
  }
  return {};
}

// Which element of the operand meets (n, t, c).
size_t element_of(Lie lie, int64_t i, int64_t width) {
  const int64_t c = i % width;
  const int64_t t = i / width % 5;
  const int64_t n = i / width / 5;
  switch (lie) {
    case Lie::kSame:
      return static_cast<size_t>(i);
    case Lie::kRow:
      return static_cast<size_t>(c);
    case Lie::kMatrix:
      return static_cast<size_t>(t * width + c);
    case Lie::kColumn:
    case Lie::kColumnOne:
      return static_cast<size_t>(n);
    case Lie::kPlane:
    case Lie::kPlaneOne:
      return static_cast<size_t>(n * 5 + t);
    case Lie::kScalar:
      return 0;
  }
  return 0;
}

constexpr Lie kLies[] = {Lie::kSame,      Lie::kRow,   Lie::kMatrix,   Lie::kColumn,
                         Lie::kColumnOne, Lie::kPlane, Lie::kPlaneOne, Lie::kScalar};

struct Binary {
  const char* name;
  Ew code;
  double (*formula)(double a, double b);
  double low = -2;
  double high = 2;
  bool differentiable = true;
  double tolerance = 1e-5;
};

const Binary kDivide = {"div", Ew::kDiv, [](double a, double b) { return a / b; }, 0.3, 3,
                        true,  3e-5};

const Binary kBinary[] = {
    {"add", Ew::kAdd, [](double a, double b) { return a + b; }},
    {"sub", Ew::kSub, [](double a, double b) { return a - b; }},
    {"mul", Ew::kMul, [](double a, double b) { return a * b; }},
    kDivide,
    {"maximum", Ew::kMaximum, [](double a, double b) { return std::max(a, b); }},
    {"minimum", Ew::kMinimum, [](double a, double b) { return std::min(a, b); }},
    {"greater_equal", Ew::kGreaterEqual, [](double a, double b) { return a >= b ? 1.0 : 0.0; }},
};

// The codes that only gradients use: (what the gradient is computed from, dy).
const Binary kGradients[] = {
    {"relu_grad", Ew::kReluGrad, [](double y, double dy) { return y > 0 ? dy : 0; }},
    {"sigmoid_grad", Ew::kSigmoidGrad, [](double y, double dy) { return dy * y * (1 - y); }},
    {"tanh_grad", Ew::kTanhGrad, [](double y, double dy) { return dy * (1 - y * y); }},
    {"softsign_grad", Ew::kSoftsignGrad,
     [](double x, double dy) { return dy / std::pow(1 + std::abs(x), 2); }},
    {"gelu_grad", Ew::kGeluGrad,
     [](double x, double dy) {
       const double density = std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
       return dy * (normal_cdf(x) + x * density);
     },
     -2, 2, false, 1e-3},
    {"leaky_relu_grad", Ew::kLeakyReluGrad,
     [](double x, double dy) { return x < 0 ? dy * kAlpha : dy; }},
    {"elu_grad", Ew::kEluGrad, [](double y, double dy) { return y < 0 ? dy * (y + kAlpha) : dy; }},
    {"hard_sigmoid_grad", Ew::kHardSigmoidGrad,
     [](double y, double dy) { return y > 0 && y < 1 ? dy / 6 : 0; }},
};

Case unary_case(const Unary& u) {
  return {u.name,
          [u](int64_t width) {
            return std::vector<Input>{{{kBatch, width}, u.low, u.high}};
          },
          [u](Graph& g, std::span<const ValueId> x) {
            return unary(g, u.code, x[0], static_cast<float>(kAlpha));
          },
          [u](std::span<const Array> x, Sizes) {
            Array y;
            for (const double v : x[0]) y.push_back(u.formula(v));
            return y;
          },
          true,
          u.tolerance,
          u.floor};
}

Case binary_case(const Binary& op, Lie a, Lie b) {
  return {
      op.name + std::string(" ") + std::to_string(static_cast<int>(a)) + ", " +
          std::to_string(static_cast<int>(b)),
      [=](int64_t width) {
        return std::vector<Input>{{shape_of(a, width), op.low, op.high},
                                  {shape_of(b, width), op.low, op.high}};
      },
      [=](Graph& g, std::span<const ValueId> x) {
        return binary(g, op.code, x[0], x[1], static_cast<float>(kAlpha));
      },
      [=](std::span<const Array> x, Sizes s) {
        Array y;
        for (int64_t i = 0; i < s.batch * 5 * s.width; ++i) {
          y.push_back(op.formula(x[0][element_of(a, i, s.width)], x[1][element_of(b, i, s.width)]));
        }
        return y;
      },
      op.differentiable,
      op.tolerance,
      1e-2};
}

constexpr Sizes kBroadcastSizes[] = {{0, 7}, {1, 1}, {1, 7}, {7, 33}, {7, 7}, {5, 5}, {1, 700}};
constexpr Sizes kManyThreads[] = {{131, 67}};  // with the five of shape_of()

}  // namespace

TEST_CASE("elementwise: unary operations") {
  for (const Unary& u : kUnary) check(unary_case(u));
}

TEST_CASE("elementwise: binary operations over every broadcast") {
  for (const Binary& op : kBinary) {
    for (const Lie lie : kLies) {
      check(binary_case(op, Lie::kSame, lie), kBroadcastSizes);
      if (lie != Lie::kSame) check(binary_case(op, lie, Lie::kSame), kBroadcastSizes);
    }
    check(binary_case(op, Lie::kSame, Lie::kSame), kManyThreads);
  }
}

TEST_CASE("elementwise: every broadcast, enough for several threads") {
  for (const Lie lie : kLies) {
    check(binary_case(kDivide, Lie::kSame, lie), kManyThreads);
    if (lie != Lie::kSame) check(binary_case(kDivide, lie, Lie::kSame), kManyThreads);
  }
}

TEST_CASE("elementwise: broadcast") {
  for (const Lie lie : kLies) {
    const Binary op = {"broadcast", Ew::kBroadcast, [](double, double b) { return b; }};
    check(binary_case(op, Lie::kSame, lie), kBroadcastSizes);
    check(binary_case(op, Lie::kSame, lie), kManyThreads);
  }
}

TEST_CASE("elementwise: the codes of gradients") {
  for (Binary op : kGradients) {
    op.differentiable = false;
    check(binary_case(op, Lie::kSame, Lie::kSame));
  }
}

TEST_CASE("elementwise: one value as both operands") {
  check({"x * x",
         [](int64_t width) {
           return std::vector<Input>{{{kBatch, width}}};
         },
         [](Graph& g, std::span<const ValueId> x) { return mul(g, x[0], x[0]); },
         [](std::span<const Array> x, Sizes) {
           Array y;
           for (const double v : x[0]) y.push_back(v * v);
           return y;
         }});
}

TEST_CASE("elementwise: a chain that fusion turns into one program") {
  check({"tanh(x * row + column) * x",
         [](int64_t width) {
           return std::vector<Input>{{{kBatch, width}}, {{width}}, {{kBatch, 1}}};
         },
         [](Graph& g, std::span<const ValueId> x) {
           const ValueId inner = add(g, mul(g, x[0], x[1]), x[2]);
           return mul(g, unary(g, Ew::kTanh, inner), x[0]);
         },
         [](std::span<const Array> x, Sizes s) {
           Array y;
           for (size_t i = 0; i < x[0].size(); ++i) {
             const auto width = static_cast<size_t>(s.width);
             y.push_back(std::tanh(x[0][i] * x[1][i % width] + x[2][i / width]) * x[0][i]);
           }
           return y;
         },
         true, 1e-5, 0.1});
}

TEST_CASE("elementwise: infinities and NaN as IEEE 754 has them") {
  struct Special {
    Ew code;
    float x;
    double y;
  };
  const Special specials[] = {
      {Ew::kExp, 1000, kInfinity},
      {Ew::kExp, -1000, 0},
      {Ew::kExp, kInfinity, kInfinity},
      {Ew::kExp, -kInfinity, 0},
      {Ew::kLog, 0, -kInfinity},
      {Ew::kLog, -1, kNaN},
      {Ew::kLog, kInfinity, kInfinity},
      {Ew::kSqrt, -1, kNaN},
      {Ew::kSqrt, kInfinity, kInfinity},
      {Ew::kSigmoid, -1000, 0},
      {Ew::kSigmoid, 1000, 1},
      {Ew::kSigmoid, -kInfinity, 0},
      {Ew::kSigmoid, kInfinity, 1},
      {Ew::kTanh, kInfinity, 1},
      {Ew::kTanh, -kInfinity, -1},
      {Ew::kTanh, 1000, 1},
      {Ew::kTanh, -1000, -1},
      {Ew::kErf, kInfinity, 1},
      {Ew::kErf, -kInfinity, -1},
      {Ew::kErf, 0, 0},
      {Ew::kSoftplus, 1000, 1000},
      {Ew::kSoftplus, -1000, 0},
      {Ew::kSoftplus, kInfinity, kInfinity},
      {Ew::kSoftplus, -kInfinity, 0},
      {Ew::kRelu, kInfinity, kInfinity},
      {Ew::kRelu, -kInfinity, 0},
      {Ew::kElu, -kInfinity, -kAlpha},
      {Ew::kElu, -1000, -kAlpha},
      {Ew::kElu, kInfinity, kInfinity},
      {Ew::kReciprocal, 0, kInfinity},
      {Ew::kHardSigmoid, kInfinity, 1},
      {Ew::kHardSigmoid, -kInfinity, 0},
      {Ew::kSquare, -kInfinity, kInfinity},
      {Ew::kAbs, -kInfinity, kInfinity},
  };
  for (const Special& special : specials) {
    for (const int64_t width : {1, 19}) {
      INFO("code ", static_cast<int>(special.code), " of ", special.x);
      Case c = unary_case({"special", special.code, nullptr});
      const auto x = static_cast<double>(special.x);
      c.inputs = [=](int64_t w) { return std::vector<Input>{{{kBatch, w}, x, x}}; };
      c.reference = [=](std::span<const Array> in, Sizes) {
        return Array(in[0].size(), special.y);
      };
      c.differentiable = false;
      const Sizes sizes[] = {{1, width}};
      check(c, sizes);
    }
  }
}

TEST_CASE("elementwise: NaN goes through") {
  const auto check_nan = [](const std::string& name, auto build) {
    const Sizes sizes[] = {{1, 1}, {1, 19}};
    check({name,
           [](int64_t width) {
             return std::vector<Input>{{{kBatch, width}, kNaN, kNaN}, {{width}}};
           },
           build, [](std::span<const Array> x, Sizes) { return Array(x[0].size(), kNaN); }, false},
          sizes);
  };
  for (const Unary& u : kUnary) {
    if (u.code == Ew::kSign || u.code == Ew::kGreaterC) continue;  // a comparison is false
    check_nan(u.name, [&](Graph& g, std::span<const ValueId> x) {
      return unary(g, u.code, x[0], static_cast<float>(kAlpha));
    });
  }
  for (const Binary& op : kBinary) {
    if (op.code == Ew::kGreaterEqual) continue;
    check_nan(op.name,
              [&](Graph& g, std::span<const ValueId> x) { return binary(g, op.code, x[0], x[1]); });
    check_nan(op.name,
              [&](Graph& g, std::span<const ValueId> x) { return binary(g, op.code, x[1], x[0]); });
  }
}
