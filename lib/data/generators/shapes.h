// Two-dimensional toy classes: moons, circles, blobs.
#pragma once

#include <vector>

#include "data/generator.h"

namespace mlrun::data {

/// Two interleaving half circles.
struct MakeMoons : Generator {
  int64_t n_samples = 100;
  double noise = 0;
  bool shuffle = true;
  static const config::FieldList& fields();
  GeneratedTable generate(const PhiloxStream& stream) const override;
};

/// A circle within a circle; `factor` is the ratio of their radii.
struct MakeCircles : Generator {
  int64_t n_samples = 100;
  double noise = 0;
  double factor = 0.8;
  bool shuffle = true;
  static const config::FieldList& fields();
  GeneratedTable generate(const PhiloxStream& stream) const override;
};

/// Isotropic normal blobs around centers that are uniform in `center_box`.
struct MakeBlobs : Generator {
  int64_t n_samples = 100;
  int64_t n_features = 2;
  int64_t centers = 3;
  double cluster_std = 1;
  std::vector<double> center_box = {-10, 10};
  bool shuffle = true;
  static const config::FieldList& fields();
  GeneratedTable generate(const PhiloxStream& stream) const override;
};

}  // namespace mlrun::data
