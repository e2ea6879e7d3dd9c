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

struct TopKAccuracy : ClassificationMetric {
  int64_t k = 5;

  static const FieldList& fields() {
    static const FieldList list =
        FieldListOf<TopKAccuracy>("top_k_accuracy",
                                  "Fraction of samples of which fewer than k classes have a higher "
                                  "score than the right one.")
            .field("k", &TopKAccuracy::k, "how many classes may be named", config::count());
    return list;
  }
  double compute(const Scores& s) const override {
    if (s.rows() == 0) return kNan;
    int64_t right = 0;
    for (int64_t i = 0; i < s.rows(); ++i) right += is_right(s, i);
    return static_cast<double>(right) / static_cast<double>(s.rows());
  }

 private:
  bool is_right(const Scores& s, int64_t i) const {
    const int32_t label = s.labels[size_t(i)];
    if (s.width == 1) return k > 1 || predicted_class(s, i) == label;
    const auto row = s.predictions.subspan(size_t(i * s.width), size_t(s.width));
    const float own = row[size_t(label)];
    if (std::isnan(own)) return false;
    return std::count_if(row.begin(), row.end(), [own](float p) { return p > own; }) < k;
  }
};

struct BalancedAccuracy : ClassificationMetric {
  static const FieldList& fields() {
    static const FieldList list("balanced_accuracy",
                                "Mean over the classes that there are of the fraction found.");
    return list;
  }
  double compute(const Scores& s) const override {
    double sum = 0;
    double classes = 0;
    for (const ClassCounts& c : count_classes(s)) {
      if (c.support() == 0) continue;
      sum += c.recall();
      classes += 1;
    }
    return sum / classes;
  }
};

// Of several classes, Gorodkin 2004.
struct MatthewsCorrelation : ClassificationMetric {
  static const FieldList& fields() {
    static const FieldList list("matthews_corrcoef",
                                "Correlation of predicted and right classes; 0 if one of them is "
                                "the same for all samples.");
    return list;
  }
  double compute(const Scores& s) const override {
    if (s.rows() == 0) return kNan;
    const auto rows = static_cast<double>(s.rows());
    double right = 0, both = 0, predicted = 0, actual = 0;
    for (const ClassCounts& c : count_classes(s)) {
      const double called = c.true_positive + c.false_positive;
      right += c.true_positive;
      both += called * c.support();
      predicted += called * called;
      actual += c.support() * c.support();
    }
    const double scale = (rows * rows - predicted) * (rows * rows - actual);
    return scale > 0 ? (right * rows - both) / std::sqrt(scale) : 0;
  }
};

// Mean over classes of a score of one against the rest; of two classes that of class 1.
double one_against_rest(const Scores& s, double (*score)(const Scores&, int64_t, int32_t)) {
  if (s.width == 1 || (s.width == 2 && !s.ignored)) return score(s, s.width - 1, 1);
  double sum = 0;
  for (int64_t c = 0; c < s.width; ++c) {
    if (c != s.ignored) sum += score(s, c, static_cast<int32_t>(c));
  }
  return sum / static_cast<double>(s.width - (s.ignored ? 1 : 0));
}

struct Auc : ClassificationMetric {
  static const FieldList& fields() {
    static const FieldList list("auc",
                                "Area under the ROC curve; several classes: mean of one against "
                                "the rest; target: input: of each row's loss against its class, of "
                                "which the last one by name is to have the larger losses.");
    return list;
  }
  bool accepts(TargetKind kind) const override { return kind != TargetKind::kValues; }
  double compute(const Scores& s) const override { return one_against_rest(s, roc_auc); }
};

struct AveragePrecision : ClassificationMetric {
  static const FieldList& fields() {
    static const FieldList list("average_precision",
                                "Area under precision over recall, of two classes of class 1; "
                                "several classes and target: input as for auc.");
    return list;
  }
  bool accepts(TargetKind kind) const override { return kind != TargetKind::kValues; }
  double compute(const Scores& s) const override { return one_against_rest(s, average_precision); }
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
    all.add<Accuracy>(
        {"acc", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy"});
    all.add<Auc>({"roc_auc"}).add<AveragePrecision>({"pr_auc"});
    all.add<BalancedAccuracy>().add<F1>({"f1_score"}).add<LogLoss>().add<MatthewsCorrelation>();
    all.add<MeanAbsoluteError>({"mean_absolute_error"});
    all.add<MeanSquaredError>({"mean_squared_error"});
    all.add<Perplexity>().add<Precision>().add<R2>().add<Recall>();
    all.add<RootMeanSquaredError>({"root_mean_squared_error"});
    all.add<TopKAccuracy>({"top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy"});
    return all;
  }();
  return catalog;
}

}  // namespace mlrun::train
