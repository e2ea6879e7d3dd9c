// scikit-learn's make_classification (after the "Madelon" data of I. Guyon, NIPS 2003).
#pragma once

#include <vector>

#include "data/generator.h"

namespace mlrun::data {

/// Normal clusters on the corners of a hypercube, with redundant, repeated and useless features.
struct MakeClassification : Generator {
  int64_t n_samples = 100;
  int64_t n_features = 20;
  int64_t n_informative = 2;
  int64_t n_redundant = 2;
  int64_t n_repeated = 0;
  int64_t n_classes = 2;
  int64_t n_clusters_per_class = 2;
  std::vector<double> weights;
  double flip_y = 0.01;
  double class_sep = 1;
  bool hypercube = true;
  double shift = 0;
  double scale = 1;
  bool shuffle = true;
  static const config::FieldList& fields();
  GeneratedTable generate(const PhiloxStream& stream) const override;

 private:
  void check() const;
  void check_weights() const;
  std::vector<int64_t> cluster_sizes() const;
  std::vector<float> centroids(const PhiloxStream& stream) const;
  void fill_informative(GeneratedTable& table, const PhiloxStream& stream) const;
  void fill_others(GeneratedTable& table, const PhiloxStream& stream) const;
  void flip_labels(GeneratedTable& table, const PhiloxStream& stream) const;
};

}  // namespace mlrun::data
