#include "train/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <vector>

#include "train/auc.h"
#include "train/confusion.h"

namespace mlrun::train {
namespace {

using config::FieldList;
using config::FieldListOf;
using nn::TargetKind;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct ClassificationMetric : Metric {
  bool accepts(TargetKind kind) const override {
    return kind == TargetKind::kBinary || kind == TargetKind::kLabels;
  }
};

struct RegressionMetric : Metric {
  bool accepts(TargetKind kind) const override { return kind == TargetKind::kValues; }
};

struct Accuracy : ClassificationMetric {
  static const FieldList& fields() {
    static const FieldList list("accuracy", "Fraction of samples whose class is right.");
    return list;
  }
  double compute(const Scores& s) const override {
    if (s.rows() == 0) return kNan;
    int64_t right = 0;
    for (int64_t i = 0; i < s.rows(); ++i) right += predicted_class(s, i) == s.labels[size_t(i)];
    return static_cast<double>(right) / static_cast<double>(s.rows());
  }
};

struct Auc : ClassificationMetric {
  static const FieldList& fields() {
    static const FieldList list("auc",
                                "Area under the ROC curve; several classes: mean of one against "
                                "the rest; target: input: of each row's loss against its class, of "
                                "which the last one by name is to have the larger losses.");
    return list;
  }
  bool accepts(TargetKind kind) const override { return kind != TargetKind::kValues; }
  double compute(const Scores& s) const override {
    if (s.width == 1) return roc_auc(s, 0, 1);
    double sum = 0;
    for (int64_t c = 0; c < s.width; ++c) {
      if (c != s.ignored) sum += roc_auc(s, c, static_cast<int32_t>(c));
    }
    return sum / static_cast<double>(s.width - (s.ignored ? 1 : 0));
  }
};

template <class T>
FieldList averaged_fields(const char* name, const char* doc) {
  return FieldListOf<T>(name, doc).field(
      "average", &T::average, "over classes; default: of two classes class 1 alone, of more macro");
}

struct Averaged : ClassificationMetric {
  std::optional<Average> average;
};

struct Precision : Averaged {
  static const FieldList& fields() {
    static const FieldList list =
        averaged_fields<Precision>("precision", "Right among those called positive.");
    return list;
  }
  double compute(const Scores& s) const override {
    return averaged(s, average, [](const ClassCounts& c) { return c.precision(); });
  }
};

struct Recall : Averaged {
  static const FieldList& fields() {
    static const FieldList list = averaged_fields<Recall>("recall", "Found among the positive.");
    return list;
  }
  double compute(const Scores& s) const override {
    return averaged(s, average, [](const ClassCounts& c) { return c.recall(); });
  }
};

struct F1 : Averaged {
  static const FieldList& fields() {
    static const FieldList list =
        averaged_fields<F1>("f1", "Harmonic mean of precision and recall.");
    return list;
  }
  double compute(const Scores& s) const override {
    return averaged(s, average, [](const ClassCounts& c) { return c.f1(); });
  }
};

struct LogLoss : ClassificationMetric {
  static const FieldList& fields() {
    static const FieldList list("log_loss",
                                "Mean of -log of the probability of the true class, which is taken "
                                "to be at least 1.2e-7.");
    return list;
  }
  bool greater_is_better() const override { return false; }
  bool needs_probabilities() const override { return true; }
  double compute(const Scores& s) const override {
    if (s.rows() == 0) return kNan;
    double sum = 0;
    for (int64_t i = 0; i < s.rows(); ++i) sum -= std::log(probability(s, i));
    return sum / static_cast<double>(s.rows());
  }

 private:
  static double probability(const Scores& s, int64_t i) {
    constexpr double kLeast = std::numeric_limits<float>::epsilon();
    const int32_t label = s.labels[size_t(i)];
    double p = 0;
    if (s.width > 1) {
      p = s.predictions[size_t(i * s.width + label)];
    } else {
      p = label == 1 ? s.predictions[size_t(i)] : 1.0 - s.predictions[size_t(i)];
    }
    return std::isnan(p) ? p : std::clamp(p, kLeast, 1 - kLeast);
  }
};

struct Perplexity : LogLoss {
  static const FieldList& fields() {
    static const FieldList list("perplexity", "e^log_loss.");
    return list;
  }
  double compute(const Scores& s) const override { return std::exp(LogLoss::compute(s)); }
};

template <class F>
double mean_over_values(const Scores& s, F f) {
  if (s.rows() == 0) return kNan;
  double sum = 0;
  for (size_t i = 0; i < s.predictions.size(); ++i) {
    sum += f(static_cast<double>(s.predictions[i]) - s.values[i]);
  }
  return sum / static_cast<double>(s.predictions.size());
}

struct MeanSquaredError : RegressionMetric {
  static const FieldList& fields() {
    static const FieldList list("mse", "Mean squared error.");
    return list;
  }
  bool greater_is_better() const override { return false; }
  double compute(const Scores& s) const override {
    return mean_over_values(s, [](double e) { return e * e; });
  }
};

struct RootMeanSquaredError : RegressionMetric {
  static const FieldList& fields() {
    static const FieldList list("rmse",
                                "Root of the mean squared error; several values: mean of the roots "
                                "of each.");
    return list;
  }
  bool greater_is_better() const override { return false; }
  double compute(const Scores& s) const override {
    if (s.rows() == 0) return kNan;
    double sum = 0;
    for (int64_t k = 0; k < s.width; ++k) sum += std::sqrt(mean_square(s, k));
    return sum / static_cast<double>(s.width);
  }

 private:
  static double mean_square(const Scores& s, int64_t k) {
    double sum = 0;
    for (int64_t i = 0; i < s.rows(); ++i) {
      const auto at = static_cast<size_t>(i * s.width + k);
      sum += std::pow(static_cast<double>(s.predictions[at]) - s.values[at], 2);
    }
    return sum / static_cast<double>(s.rows());
  }
};

struct MeanAbsoluteError : RegressionMetric {
  static const FieldList& fields() {
    static const FieldList list("mae", "Mean absolute error.");
    return list;
  }
  bool greater_is_better() const override { return false; }
  double compute(const Scores& s) const override {
    return mean_over_values(s, [](double e) { return std::abs(e); });
  }
};

// 1 - residual / total sum of squares, averaged over the outputs.
struct R2 : RegressionMetric {
  static const FieldList& fields() {
    static const FieldList list("r2", "Coefficient of determination.");
    return list;
  }
  double compute(const Scores& s) const override {
    double sum = 0;
    for (int64_t k = 0; k < s.width; ++k) sum += of_output(s, k);
    return sum / static_cast<double>(s.width);
  }

 private:
  static double of_output(const Scores& s, int64_t k) {
    double mean = 0;
    for (int64_t i = 0; i < s.rows(); ++i) mean += s.values[size_t(i * s.width + k)];
    mean /= static_cast<double>(s.rows());
    double residual = 0;
    double total = 0;
    for (int64_t i = 0; i < s.rows(); ++i) {
      const double y = s.values[size_t(i * s.width + k)];
      const double p = s.predictions[size_t(i * s.width + k)];
      residual += (y - p) * (y - p);
      total += (y - mean) * (y - mean);
    }
    if (s.rows() < 2) return kNan;
    if (total == 0) return residual == 0 ? 1 : 0;
    return 1 - residual / total;
  }
};

}  // namespace

const config::Catalog& metric_catalog() {
  static const config::Catalog catalog = [] {
    config::Catalog all("metric");
    all.add<Accuracy>({"acc"}).add<Auc>({"roc_auc"}).add<F1>({"f1_score"}).add<LogLoss>();
    all.add<MeanAbsoluteError>({"mean_absolute_error"});
    all.add<MeanSquaredError>({"mean_squared_error"});
    all.add<Perplexity>().add<Precision>().add<R2>().add<Recall>();
    all.add<RootMeanSquaredError>({"root_mean_squared_error"});
    return all;
  }();
  return catalog;
}

}  // namespace mlrun::train
