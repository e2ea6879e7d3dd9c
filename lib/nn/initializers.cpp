#include "nn/initializers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/error.h"

namespace mlrun::nn {
namespace {

using config::FieldList;
using config::FieldListOf;

struct Fans {
  double in = 1;
  double out = 1;
};

// Keras' compute_fans: kernels are (receptive field..., in, out).
Fans fans_of(const Shape& shape) {
  if (shape.rank() == 0) return {1, 1};
  if (shape.rank() == 1) return {static_cast<double>(shape[0]), static_cast<double>(shape[0])};
  double field = 1;
  for (int axis = 0; axis + 2 < shape.rank(); ++axis) field *= static_cast<double>(shape[axis]);
  return {field * static_cast<double>(shape[shape.rank() - 2]),
          field * static_cast<double>(shape.back())};
}

void fill_uniform(std::span<float> out, double low, double high, const PhiloxStream& stream,
                  uint64_t index) {
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<float>(low + (high - low) * stream.uniform(index, i));
  }
}

void fill_normal(std::span<float> out, double mean, double stddev, const PhiloxStream& stream,
                 uint64_t index) {
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<float>(mean + stddev * stream.normal(index, i));
  }
}

// Redrawn beyond two standard deviations, from further blocks of the same stream.
void fill_truncated(std::span<float> out, double mean, double stddev, const PhiloxStream& stream,
                    uint64_t index) {
  for (size_t i = 0; i < out.size(); ++i) {
    float draw = stream.normal(index, i);
    for (uint64_t again = 1; std::abs(draw) > 2; ++again) {
      draw = stream.normal(index, i + (again << 40));
    }
    out[i] = static_cast<float>(mean + stddev * draw);
  }
}

// Standard deviation of a standard normal truncated at two.
constexpr double kTruncatedDeviation = 0.87962566103423978;

enum class FanMode { kIn, kOut, kAverage };
enum class Distribution { kUniform, kTruncatedNormal, kUntruncatedNormal };

void fill_scaled(std::span<float> out, const Shape& shape, double scale, FanMode mode,
                 Distribution distribution, const PhiloxStream& stream, uint64_t index) {
  const Fans fans = fans_of(shape);
  const double fan = mode == FanMode::kIn    ? fans.in
                     : mode == FanMode::kOut ? fans.out
                                             : (fans.in + fans.out) / 2;
  const double variance = scale / std::max(1.0, fan);
  switch (distribution) {
    case Distribution::kUniform: {
      const double limit = std::sqrt(3 * variance);
      return fill_uniform(out, -limit, limit, stream, index);
    }
    case Distribution::kTruncatedNormal:
      return fill_truncated(out, 0, std::sqrt(variance) / kTruncatedDeviation, stream, index);
    case Distribution::kUntruncatedNormal:
      return fill_normal(out, 0, std::sqrt(variance), stream, index);
  }
}

struct Preset {
  const char* name;
  const char* doc;
  double scale;
  FanMode mode;
  Distribution distribution;
};

constexpr Preset kPresets[] = {
    {"GlorotUniform", "Uniform within sqrt(6 / (fan_in + fan_out)). Glorot, Bengio 2010.", 1,
     FanMode::kAverage, Distribution::kUniform},
    {"GlorotNormal", "Truncated normal, variance 2 / (fan_in + fan_out).", 1, FanMode::kAverage,
     Distribution::kTruncatedNormal},
    {"HeUniform", "Uniform within sqrt(6 / fan_in). He et al. 2015.", 2, FanMode::kIn,
     Distribution::kUniform},
    {"HeNormal", "Truncated normal, variance 2 / fan_in.", 2, FanMode::kIn,
     Distribution::kTruncatedNormal},
    {"LecunUniform", "Uniform within sqrt(3 / fan_in).", 1, FanMode::kIn, Distribution::kUniform},
    {"LecunNormal", "Truncated normal, variance 1 / fan_in.", 1, FanMode::kIn,
     Distribution::kTruncatedNormal},
};

class PresetInitializer : public Initializer {
 public:
  explicit PresetInitializer(const Preset& preset) : preset_(preset) {}
  void fill(std::span<float> out, const Shape& shape, const PhiloxStream& stream,
            uint64_t index) const override {
    fill_scaled(out, shape, preset_.scale, preset_.mode, preset_.distribution, stream, index);
  }

 private:
  const Preset& preset_;
};

struct VarianceScaling : Initializer {
  double scale = 1;
  FanMode mode = FanMode::kIn;
  Distribution distribution = Distribution::kTruncatedNormal;
  static const FieldList& fields();
  void fill(std::span<float> out, const Shape& shape, const PhiloxStream& stream,
            uint64_t index) const override {
    fill_scaled(out, shape, scale, mode, distribution, stream, index);
  }
};

struct RandomUniform : Initializer {
  double minval = -0.05;
  double maxval = 0.05;
  static const FieldList& fields();
  std::string contradiction() const override {
    if (minval <= maxval) return "";
    return fmt::format("needs minval to be at most maxval, but they are {} and {}", minval, maxval);
  }
  void fill(std::span<float> out, const Shape&, const PhiloxStream& stream,
            uint64_t index) const override {
    fill_uniform(out, minval, maxval, stream, index);
  }
};

struct RandomNormal : Initializer {
  double mean = 0;
  double stddev = 0.05;
  static const FieldList& fields();
  void fill(std::span<float> out, const Shape&, const PhiloxStream& stream,
            uint64_t index) const override {
    fill_normal(out, mean, stddev, stream, index);
  }
};

struct TruncatedNormal : Initializer {
  double mean = 0;
  double stddev = 0.05;
  static const FieldList& fields();
  void fill(std::span<float> out, const Shape&, const PhiloxStream& stream,
            uint64_t index) const override {
    fill_truncated(out, mean, stddev, stream, index);
  }
};

struct Constant : Initializer {
  double value = 0;
  static const FieldList& fields();
  void fill(std::span<float> out, const Shape&, const PhiloxStream&, uint64_t) const override {
    std::fill(out.begin(), out.end(), static_cast<float>(value));
  }
};

struct Zeros : Initializer {
  static const FieldList& fields();
  void fill(std::span<float> out, const Shape&, const PhiloxStream&, uint64_t) const override {
    std::fill(out.begin(), out.end(), 0.0f);
  }
};

struct Ones : Initializer {
  static const FieldList& fields();
  void fill(std::span<float> out, const Shape&, const PhiloxStream&, uint64_t) const override {
    std::fill(out.begin(), out.end(), 1.0f);
  }
};

struct Identity : Initializer {
  double gain = 1;
  static const FieldList& fields();
  void fill(std::span<float> out, const Shape& shape, const PhiloxStream&,
            uint64_t) const override {
    const auto columns = static_cast<size_t>(shape.back());
    for (size_t i = 0; i < out.size(); ++i) {
      out[i] = i / columns == i % columns ? static_cast<float>(gain) : 0.0f;
    }
  }
};

// Orthonormal rows or columns by modified Gram-Schmidt of a normal matrix (Saxe et al. 2013).
struct Orthogonal : Initializer {
  double gain = 1;
  static const FieldList& fields();
  void fill(std::span<float> out, const Shape& shape, const PhiloxStream& stream,
            uint64_t index) const override;
};

void Orthogonal::fill(std::span<float> out, const Shape& shape, const PhiloxStream& stream,
                      uint64_t index) const {
  const auto columns = static_cast<size_t>(shape.back());
  const size_t rows = out.size() / std::max<size_t>(columns, 1);
  const bool wide = columns > rows;
  const size_t count = std::min(rows, columns);
  const size_t length = std::max(rows, columns);
  std::vector<std::vector<double>> basis(count, std::vector<double>(length));
  for (size_t i = 0; i < count; ++i) {
    std::vector<double>& v = basis[i];
    for (size_t j = 0; j < length; ++j) v[j] = stream.normal(index, i * length + j);
    for (size_t k = 0; k < i; ++k) {
      const double overlap = std::inner_product(v.begin(), v.end(), basis[k].begin(), 0.0);
      for (size_t j = 0; j < length; ++j) v[j] -= overlap * basis[k][j];
    }
    const double norm = std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0));
    for (double& x : v) x /= norm;
  }
  for (size_t i = 0; i < rows; ++i) {
    for (size_t j = 0; j < columns; ++j) {
      out[i * columns + j] = static_cast<float>(gain * (wide ? basis[i][j] : basis[j][i]));
    }
  }
}

}  // namespace
}  // namespace mlrun::nn

namespace mlrun::config {

template <>
struct EnumNames<nn::FanMode> {
  static constexpr std::array<std::pair<nn::FanMode, const char*>, 3> kNames = {
      {{nn::FanMode::kIn, "fan_in"},
       {nn::FanMode::kOut, "fan_out"},
       {nn::FanMode::kAverage, "fan_avg"}}};
};

template <>
struct EnumNames<nn::Distribution> {
  static constexpr std::array<std::pair<nn::Distribution, const char*>, 3> kNames = {
      {{nn::Distribution::kUniform, "uniform"},
       {nn::Distribution::kTruncatedNormal, "truncated_normal"},
       {nn::Distribution::kUntruncatedNormal, "untruncated_normal"}}};
};

}  // namespace mlrun::config

namespace mlrun::nn {

const FieldList& VarianceScaling::fields() {
  static const FieldList list =
      FieldListOf<VarianceScaling>("VarianceScaling", "Variance scale / fan.")
          .field("scale", &VarianceScaling::scale, "numerator", config::above(0))
          .field("mode", &VarianceScaling::mode, "which fan")
          .field("distribution", &VarianceScaling::distribution, "shape of the distribution");
  return list;
}

const FieldList& RandomUniform::fields() {
  static const FieldList list = FieldListOf<RandomUniform>("RandomUniform", "Uniform.")
                                    .field("minval", &RandomUniform::minval, "lower end")
                                    .field("maxval", &RandomUniform::maxval, "upper end");
  return list;
}

const FieldList& RandomNormal::fields() {
  static const FieldList list =
      FieldListOf<RandomNormal>("RandomNormal", "Normal.")
          .field("mean", &RandomNormal::mean, "mean")
          .field("stddev", &RandomNormal::stddev, "standard deviation", config::at_least(0));
  return list;
}

const FieldList& TruncatedNormal::fields() {
  static const FieldList list =
      FieldListOf<TruncatedNormal>("TruncatedNormal", "Normal, redrawn beyond two deviations.")
          .field("mean", &TruncatedNormal::mean, "mean")
          .field("stddev", &TruncatedNormal::stddev, "standard deviation before truncation",
                 config::at_least(0));
  return list;
}

const FieldList& Constant::fields() {
  static const FieldList list =
      FieldListOf<Constant>("Constant", "One value.").field("value", &Constant::value, "the value");
  return list;
}

const FieldList& Zeros::fields() {
  static const FieldList list("Zeros", "All 0.");
  return list;
}

const FieldList& Ones::fields() {
  static const FieldList list("Ones", "All 1.");
  return list;
}

const FieldList& Identity::fields() {
  static const FieldList list = FieldListOf<Identity>("Identity", "The identity matrix.")
                                    .field("gain", &Identity::gain, "factor");
  return list;
}

const FieldList& Orthogonal::fields() {
  static const FieldList list =
      FieldListOf<Orthogonal>("Orthogonal", "A random orthogonal matrix. Saxe et al. 2013.")
          .field("gain", &Orthogonal::gain, "factor");
  return list;
}

const config::Catalog& initializer_catalog() {
  static const config::Catalog catalog = [] {
    config::Catalog all("initializer");
    for (const Preset& preset : kPresets) {
      all.add_plain(preset.name, preset.doc,
                    [&preset] { return std::make_shared<PresetInitializer>(preset); });
    }
    all.add<VarianceScaling>().add<RandomUniform>({"uniform"}).add<RandomNormal>({"normal"});
    all.add<TruncatedNormal>().add<Constant>().add<Zeros>({"zero"}).add<Ones>({"one"});
    all.add<Identity>().add<Orthogonal>();
    return all;
  }();
  return catalog;
}

namespace {

InitializerRef reference(std::string_view name, std::shared_ptr<const config::Component> object,
                         const void* spec) {
  InitializerRef ref;
  ref.object = std::move(object);
  ref.type = initializer_catalog().find(name);
  ref.spec = spec;
  return ref;
}

}  // namespace

InitializerRef initializer(std::string_view name) {
  const config::ComponentType* type = initializer_catalog().find(name);
  if (!type) throw Error("no initializer " + std::string(name));
  auto [object, spec] = type->make();
  return reference(name, std::move(object), spec);
}

InitializerRef random_normal(double stddev) {
  const auto object = std::make_shared<RandomNormal>();
  object->stddev = stddev;
  return reference("RandomNormal", object, object.get());
}

InitializerRef constant(double value) {
  const auto object = std::make_shared<Constant>();
  object->value = value;
  return reference("Constant", object, object.get());
}

}  // namespace mlrun::nn

template struct mlrun::config::FieldOf<mlrun::nn::InitializerRef>;
