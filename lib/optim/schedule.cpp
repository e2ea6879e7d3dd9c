#include "optim/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace mlrun::optim {
namespace {

using config::FieldList;
using config::FieldListOf;

struct ExponentialDecay : Schedule {
  double initial_learning_rate = 0.001;
  int64_t decay_steps = 1;
  double decay_rate = 0.96;
  bool staircase = false;
  static const FieldList& fields() {
    static const FieldList list =
        FieldListOf<ExponentialDecay>("ExponentialDecay",
                                      "initial * decay_rate ^ (step / decay_steps)")
            .field("initial_learning_rate", &ExponentialDecay::initial_learning_rate, "at step 0",
                   config::required, config::above(0))
            .field("decay_steps", &ExponentialDecay::decay_steps, "steps per factor",
                   config::required, config::at_least(1))
            .field("decay_rate", &ExponentialDecay::decay_rate, "the factor", config::required,
                   config::above(0))
            .field("staircase", &ExponentialDecay::staircase, "whole factors only");
    return list;
  }
  double at(int64_t step) const override {
    double turns = static_cast<double>(step) / static_cast<double>(decay_steps);
    if (staircase) turns = std::floor(turns);
    return initial_learning_rate * std::pow(decay_rate, turns);
  }
};

struct InverseTimeDecay : Schedule {
  double initial_learning_rate = 0.001;
  int64_t decay_steps = 1;
  double decay_rate = 0.5;
  bool staircase = false;
  static const FieldList& fields() {
    static const FieldList list =
        FieldListOf<InverseTimeDecay>("InverseTimeDecay",
                                      "initial / (1 + decay_rate * step / decay_steps)")
            .field("initial_learning_rate", &InverseTimeDecay::initial_learning_rate, "at step 0",
                   config::required, config::above(0))
            .field("decay_steps", &InverseTimeDecay::decay_steps, "unit of time", config::required,
                   config::at_least(1))
            .field("decay_rate", &InverseTimeDecay::decay_rate, "decay per unit", config::required,
                   config::at_least(0))
            .field("staircase", &InverseTimeDecay::staircase, "whole units only");
    return list;
  }
  double at(int64_t step) const override {
    double turns = static_cast<double>(step) / static_cast<double>(decay_steps);
    if (staircase) turns = std::floor(turns);
    return initial_learning_rate / (1 + decay_rate * turns);
  }
};

struct PolynomialDecay : Schedule {
  double initial_learning_rate = 0.001;
  int64_t decay_steps = 1;
  double end_learning_rate = 0.0001;
  double power = 1;
  static const FieldList& fields() {
    static const FieldList list =
        FieldListOf<PolynomialDecay>("PolynomialDecay", "from initial to end along a power")
            .field("initial_learning_rate", &PolynomialDecay::initial_learning_rate, "at step 0",
                   config::required, config::above(0))
            .field("decay_steps", &PolynomialDecay::decay_steps, "length", config::required,
                   config::at_least(1))
            .field("end_learning_rate", &PolynomialDecay::end_learning_rate, "at the end",
                   config::at_least(0))
            .field("power", &PolynomialDecay::power, "1: a line", config::above(0));
    return list;
  }
  double at(int64_t step) const override {
    const double t = std::min(1.0, static_cast<double>(step) / static_cast<double>(decay_steps));
    return (initial_learning_rate - end_learning_rate) * std::pow(1 - t, power) + end_learning_rate;
  }
};

// Loshchilov, Hutter 2016, with Keras' linear warm-up.
struct CosineDecay : Schedule {
  double initial_learning_rate = 0.001;
  int64_t decay_steps = 1;
  double alpha = 0;
  std::optional<double> warmup_target;
  int64_t warmup_steps = 0;
  static const FieldList& fields() {
    static const FieldList list =
        FieldListOf<CosineDecay>("CosineDecay", "half a cosine, after an optional warm-up")
            .field("initial_learning_rate", &CosineDecay::initial_learning_rate, "at step 0",
                   config::required, config::at_least(0))
            .field("decay_steps", &CosineDecay::decay_steps, "length of the decay",
                   config::required, config::at_least(1))
            .field("alpha", &CosineDecay::alpha, "end, as a fraction of the start",
                   config::between(0, 1))
            .field("warmup_target", &CosineDecay::warmup_target,
                   "rate after the warm-up; goes with warmup_steps", config::above(0))
            .field("warmup_steps", &CosineDecay::warmup_steps,
                   "length of the warm-up; goes with warmup_target", config::at_least(0));
    return list;
  }
  std::string contradiction() const override {
    if (warmup_steps > 0 && !warmup_target) {
      return "needs warmup_target beside warmup_steps: the rate that the warm-up leads to";
    }
    if (warmup_target && warmup_steps == 0) {
      return "needs warmup_steps above 0 beside warmup_target: the length of the warm-up";
    }
    return "";
  }
  double at(int64_t step) const override {
    const double top = warmup_target.value_or(initial_learning_rate);
    if (warmup_target && step < warmup_steps) {
      const double done = static_cast<double>(step) / static_cast<double>(warmup_steps);
      return initial_learning_rate + (top - initial_learning_rate) * done;
    }
    const int64_t since = warmup_target ? step - warmup_steps : step;
    const double t = std::min(1.0, static_cast<double>(since) / static_cast<double>(decay_steps));
    const double cosine = 0.5 * (1 + std::cos(std::numbers::pi * t));
    return top * ((1 - alpha) * cosine + alpha);
  }
};

// Vaswani et al. 2017, section 5.3.
struct InverseSquareRootDecay : Schedule {
  double peak_learning_rate = 0.001;
  int64_t warmup_steps = 4000;
  static const FieldList& fields() {
    static const FieldList list =
        FieldListOf<InverseSquareRootDecay>(
            "InverseSquareRootDecay", "a line up to the peak, then peak * sqrt(warmup / step)")
            .field("peak_learning_rate", &InverseSquareRootDecay::peak_learning_rate,
                   "at the end of the warm-up", config::required, config::above(0))
            .field("warmup_steps", &InverseSquareRootDecay::warmup_steps, "length of the warm-up",
                   config::required, config::at_least(1));
    return list;
  }
  double at(int64_t step) const override {
    const double turn = static_cast<double>(step + 1) / static_cast<double>(warmup_steps);
    return peak_learning_rate * std::min(turn, 1 / std::sqrt(turn));
  }
};

struct PiecewiseConstantDecay : Schedule {
  std::vector<int64_t> boundaries;
  std::vector<double> values;
  static const FieldList& fields() {
    static const FieldList list =
        FieldListOf<PiecewiseConstantDecay>("PiecewiseConstantDecay",
                                            "values[i] up to and with step boundaries[i]")
            .field("boundaries", &PiecewiseConstantDecay::boundaries,
                   "last step of each value but the last, rising", config::required,
                   config::at_least(0))
            .field("values", &PiecewiseConstantDecay::values, "one more than boundaries",
                   config::required, config::at_least(0));
    return list;
  }
  std::string contradiction() const override {
    if (values.size() != boundaries.size() + 1) {
      return fmt::format("needs one value more than boundaries, but has {} and {}", values.size(),
                         boundaries.size());
    }
    for (size_t i = 1; i < boundaries.size(); ++i) {
      if (boundaries[i] > boundaries[i - 1]) continue;
      return fmt::format("needs boundaries that rise, but {} stands behind {}", boundaries[i],
                         boundaries[i - 1]);
    }
    return "";
  }
  double at(int64_t step) const override {
    size_t i = 0;
    while (i < boundaries.size() && step > boundaries[i]) ++i;
    return values[i];
  }
};

}  // namespace

const config::Catalog& schedule_catalog() {
  static const config::Catalog catalog = [] {
    config::Catalog all("schedule");
    all.add<CosineDecay>().add<ExponentialDecay>().add<InverseSquareRootDecay>();
    all.add<InverseTimeDecay>();
    all.add<PiecewiseConstantDecay>().add<PolynomialDecay>();
    return all;
  }();
  return catalog;
}

}  // namespace mlrun::optim

namespace mlrun::config {

void Codec<optim::LearningRate>::read(const Node& node, Reader& reader, std::string_view field,
                                      optim::LearningRate& out) {
  out = {};
  const bool component = node.is_map() || (node.is_scalar() && !parse_float(node.scalar) &&
                                           reader.catalogs.at("schedule").find(node.scalar));
  if (component) return Codec<Ref<optim::ScheduleKind>>::read(node, reader, field, out.schedule);
  const bool number = node.is_scalar() && !node.quoted && parse_float(node.scalar);
  if (!number) return wrong_type(node, reader, field, "a number or a schedule");
  Codec<double>::read(node, reader, field, out.value);
  if (out.value < 0) {
    reader.error(node.mark, std::string(field) + " must be at least 0, not " + node.scalar);
  }
}

Node Codec<optim::LearningRate>::write(const optim::LearningRate& value) {
  return value.schedule ? write_component(value.schedule) : Codec<double>::write(value.value);
}

}  // namespace mlrun::config
