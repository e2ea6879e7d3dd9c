#include "train/confusion.h"

#include <algorithm>
#include <limits>

namespace mlrun::train {
namespace {

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

}  // namespace

int32_t predicted_class(const Scores& s, int64_t row) {
  const float* p = s.predictions.data() + row * s.width;
  if (s.width == 1) return p[0] > s.threshold ? 1 : 0;
  return static_cast<int32_t>(std::max_element(p, p + s.width) - p);
}

double ClassCounts::precision() const {
  return ratio(true_positive, true_positive + false_positive);
}

double ClassCounts::recall() const { return ratio(true_positive, support()); }

double ClassCounts::f1() const {
  return ratio(2 * true_positive, 2 * true_positive + false_positive + false_negative);
}

std::vector<ClassCounts> count_classes(const Scores& s) {
  std::vector<ClassCounts> counts(static_cast<size_t>(std::max<int64_t>(s.width, 2)));
  for (int64_t i = 0; i < s.rows(); ++i) {
    const int32_t predicted = predicted_class(s, i);
    const int32_t actual = s.labels[size_t(i)];
    if (predicted == actual) {
      counts[size_t(actual)].true_positive += 1;
    } else {
      counts[size_t(predicted)].false_positive += 1;
      counts[size_t(actual)].false_negative += 1;
    }
  }
  return counts;
}

double averaged(const Scores& s, std::optional<Average> average,
                const std::function<double(const ClassCounts&)>& score) {
  if (s.rows() == 0) return std::numeric_limits<double>::quiet_NaN();
  const std::vector<ClassCounts> counts = count_classes(s);
  if (!average && counts.size() == 2 && !s.ignored) return score(counts[1]);
  ClassCounts total;
  double sum = 0;
  double weights = 0;
  for (size_t number = 0; number < counts.size(); ++number) {
    if (static_cast<int64_t>(number) == s.ignored) continue;
    const ClassCounts& c = counts[number];
    total.true_positive += c.true_positive;
    total.false_positive += c.false_positive;
    total.false_negative += c.false_negative;
    if (c.support() + c.false_positive == 0) continue;
    const double weight = average == Average::kWeighted ? c.support() : 1;
    sum += weight * score(c);
    weights += weight;
  }
  return average == Average::kMicro ? score(total) : ratio(sum, weights);
}

}  // namespace mlrun::train
