#include "data/generators/make_classification.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "base/error.h"

namespace mlrun::data {
namespace {

// Steps of the generator's stream.
enum Step : uint64_t {
  kShuffleRows,
  kNormals,
  kCorners,
  kStretch,
  kMixing,
  kRedundant,
  kRepeated,
  kFlip,
  kNewLabel,
  kShuffleColumns,
};

// Corners beyond 2^30 are as good as all of them.
constexpr int64_t kMostBits = 30;

// Clusters, each on a corner of its own, which is drawn until it is a new one.
constexpr double kMostClusters = 1048576;

// Of the matrices that mix features: 256 MiB.
constexpr double kMostNumbers = 67108864;

// Shares that are written with two digits, such as three of 0.33, are meant to sum to 1.
constexpr double kSumTolerance = 0.0101;
constexpr double kRounding = 1e-12;

// `count` numbers uniform in [-1, 1).
std::vector<float> mixing(const PhiloxStream& stream, uint64_t step, int64_t first, int64_t count) {
  std::vector<float> numbers;
  for (int64_t i = 0; i < count; ++i) {
    numbers.push_back(2 * stream.uniform(step, static_cast<uint64_t>(first + i)) - 1);
  }
  return numbers;
}

}  // namespace

const config::FieldList& MakeClassification::fields() {
  using T = MakeClassification;
  static const config::FieldList list =
      config::FieldListOf<T>("make_classification", "Clusters on the corners of a hypercube.")
          .field("n_samples", &T::n_samples, "number of rows", config::count())
          .field("n_features", &T::n_features, "number of features", config::count())
          .field("n_informative", &T::n_informative, "features that tell the class",
                 config::count())
          .field("n_redundant", &T::n_redundant, "mixtures of these", config::count(0))
          .field("n_repeated", &T::n_repeated, "copies of either", config::count(0))
          .field("n_classes", &T::n_classes, "number of classes", config::between(2, kMostClasses))
          .field("n_clusters_per_class", &T::n_clusters_per_class, "corners of each class",
                 config::count())
          .field("weights", &T::weights,
                 "share of each class, together 1; the last may be left out and gets the rest",
                 config::at_least(0))
          .field("flip_y", &T::flip_y, "fraction of rows with a random class",
                 config::between(0, 1))
          .field("class_sep", &T::class_sep, "half the side of the hypercube")
          .field("hypercube", &T::hypercube, "a cube, else a random polytope")
          .field("shift", &T::shift, "added to every feature")
          .field("scale", &T::scale, "factor on every feature, after the shift")
          .field("shuffle", &T::shuffle, "rows and features in random order");
  return list;
}

void MakeClassification::check() const {
  if (n_informative + n_redundant + n_repeated > n_features) {
    throw InputError(
        fmt::format("n_informative + n_redundant + n_repeated = {} is more than n_features = {}",
                    n_informative + n_redundant + n_repeated, n_features));
  }
  const double clusters = static_cast<double>(n_classes * n_clusters_per_class);
  if (static_cast<double>(n_informative) < std::log2(clusters)) {
    throw InputError(
        fmt::format("n_classes * n_clusters_per_class = {} clusters do not fit the 2^{} corners "
                    "of the informative features",
                    clusters, n_informative));
  }
  const auto informative = static_cast<double>(n_informative);
  const double largest =
      informative * std::max({informative, static_cast<double>(n_redundant), clusters});
  if (clusters > kMostClusters || largest > kMostNumbers) {
    throw InputError(
        fmt::format("{} clusters of {} informative and {} redundant features are too "
                    "many to generate",
                    clusters, n_informative, n_redundant));
  }
  check_weights();
}

void MakeClassification::check_weights() const {
  if (weights.empty()) return;
  const auto given = static_cast<int64_t>(weights.size());
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (given != n_classes && given != n_classes - 1) {
    throw InputError(fmt::format("there are {} weights for {} classes", given, n_classes));
  }
  if (given == n_classes && std::abs(sum - 1) > kSumTolerance) {
    throw InputError(
        fmt::format("the weights sum to {:.6g}, but the shares of all classes must sum to 1", sum));
  }
  if (given < n_classes && sum > 1 + kSumTolerance) {
    throw InputError(
        fmt::format("the weights sum to {:.6g}, but those of all classes but the last, "
                    "which gets the rest, must sum to 1 at most",
                    sum));
  }
}

std::vector<int64_t> MakeClassification::cluster_sizes() const {
  std::vector<double> share = weights;
  if (share.empty())
    share.assign(static_cast<size_t>(n_classes), 1.0 / static_cast<double>(n_classes));
  const double sum = std::accumulate(share.begin(), share.end(), 0.0);
  if (static_cast<int64_t>(share.size()) < n_classes) share.push_back(std::max(0.0, 1.0 - sum));
  if (sum > 1 + kRounding) {
    for (double& part : share) part /= sum;  // else there would be more rows than asked for
  }
  std::vector<int64_t> sizes;
  for (int64_t k = 0; k < n_classes * n_clusters_per_class; ++k) {
    sizes.push_back(static_cast<int64_t>(static_cast<double>(n_samples) *
                                         share[static_cast<size_t>(k % n_classes)] /
                                         static_cast<double>(n_clusters_per_class)));
  }
  const int64_t dealt = std::accumulate(sizes.begin(), sizes.end(), int64_t{0});
  for (int64_t i = 0; i < n_samples - dealt; ++i) {
    ++sizes[static_cast<size_t>(i) % sizes.size()];
  }
  return sizes;
}

// clusters x n_informative
std::vector<float> MakeClassification::centroids(const PhiloxStream& stream) const {
  const int64_t clusters = n_classes * n_clusters_per_class;
  const int64_t bits = std::min(n_informative, kMostBits);
  std::set<uint64_t> corners;
  std::vector<float> centers;
  for (uint64_t draw = 0; static_cast<int64_t>(corners.size()) < clusters; ++draw) {
    const uint64_t corner = stream.below(kCorners, draw, uint64_t{1} << bits);
    if (!corners.insert(corner).second) continue;
    for (int64_t d = 0; d < n_informative; ++d) {
      const bool up = ((corner >> (d % bits)) & 1) != 0;
      centers.push_back(static_cast<float>(up ? class_sep : -class_sep));
    }
  }
  for (size_t i = 0; !hypercube && i < centers.size(); ++i) {
    const size_t d = i % static_cast<size_t>(n_informative);
    centers[i] *= stream.uniform(kStretch, 2 * (i / static_cast<size_t>(n_informative))) *
                  stream.uniform(kStretch, 2 * d + 1);
  }
  return centers;
}

void MakeClassification::fill_informative(GeneratedTable& table, const PhiloxStream& stream) const {
  const std::vector<float> centers = centroids(stream);
  const std::vector<int64_t> sizes = cluster_sizes();
  const int64_t n = n_informative;
  std::vector<float> normals(static_cast<size_t>(n));
  int64_t row = 0;
  for (int64_t k = 0; k < static_cast<int64_t>(sizes.size()); ++k) {
    const std::vector<float> mix = mixing(stream, kMixing, k * n * n, n * n);
    for (const int64_t end = row + sizes[static_cast<size_t>(k)]; row < end; ++row) {
      table.classes[static_cast<size_t>(row)] = static_cast<int32_t>(k % n_classes);
      const auto first = static_cast<uint64_t>(row * n_features);
      for (size_t i = 0; i < normals.size(); ++i) normals[i] = stream.normal(kNormals, first + i);
      for (int64_t j = 0; j < n; ++j) {
        float sum = centers[static_cast<size_t>(k * n + j)];
        for (int64_t i = 0; i < n; ++i) {
          sum += normals[static_cast<size_t>(i)] * mix[static_cast<size_t>(i * n + j)];
        }
        table.row(row)[j] = sum;
      }
    }
  }
}

void MakeClassification::fill_others(GeneratedTable& table, const PhiloxStream& stream) const {
  const int64_t mixed = n_informative + n_redundant;
  const std::vector<float> mix = mixing(stream, kRedundant, 0, n_informative * n_redundant);
  for (int64_t r = 0; r < n_samples; ++r) {
    float* row = table.row(r);
    for (int64_t j = 0; j < n_redundant; ++j) {
      for (int64_t i = 0; i < n_informative; ++i) {
        row[n_informative + j] += row[i] * mix[static_cast<size_t>(i * n_redundant + j)];
      }
    }
    for (int64_t j = 0; j < n_repeated; ++j) {
      row[mixed + j] =
          row[stream.below(kRepeated, static_cast<uint64_t>(j), static_cast<uint64_t>(mixed))];
    }
    for (int64_t j = mixed + n_repeated; j < n_features; ++j) {
      row[j] = stream.normal(kNormals, static_cast<uint64_t>(r * n_features + j));
    }
  }
}

void MakeClassification::flip_labels(GeneratedTable& table, const PhiloxStream& stream) const {
  for (size_t r = 0; r < table.classes.size(); ++r) {
    if (static_cast<double>(stream.uniform(kFlip, r)) >= flip_y) continue;
    table.classes[r] =
        static_cast<int32_t>(stream.below(kNewLabel, r, static_cast<uint64_t>(n_classes)));
  }
}

GeneratedTable MakeClassification::generate(const PhiloxStream& stream) const {
  check();
  GeneratedTable table = classes_table(n_samples, n_features, static_cast<int32_t>(n_classes));
  fill_informative(table, stream);
  fill_others(table, stream);
  flip_labels(table, stream);
  for (float& x : table.features) x = (x + static_cast<float>(shift)) * static_cast<float>(scale);
  if (shuffle) {
    shuffle_rows(table, stream, kShuffleRows);
    shuffle_columns(table, stream, kShuffleColumns);
  }
  return table;
}

}  // namespace mlrun::data
