#include "data/generators/shapes.h"

#include <cmath>
#include <numbers>

#include "base/error.h"

namespace mlrun::data {
namespace {

// Steps of the generators' stream.
enum Step : uint64_t { kShuffleRows, kNoise, kCenters };

void finish(GeneratedTable& table, bool shuffle, double noise, const PhiloxStream& stream) {
  if (shuffle) shuffle_rows(table, stream, kShuffleRows);
  add_noise(table.features, noise, stream, kNoise);
}

void put_point(GeneratedTable& table, int64_t row, double x, double y, int32_t label) {
  table.row(row)[0] = static_cast<float>(x);
  table.row(row)[1] = static_cast<float>(y);
  table.classes[static_cast<size_t>(row)] = label;
}

// Point i of n from 0 to pi, both ends included.
double half_turn(int64_t i, int64_t n) {
  return n < 2 ? 0 : std::numbers::pi * static_cast<double>(i) / static_cast<double>(n - 1);
}

}  // namespace

const config::FieldList& MakeMoons::fields() {
  static const config::FieldList list =
      config::FieldListOf<MakeMoons>("make_moons", "Two interleaving half circles.")
          .field("n_samples", &MakeMoons::n_samples, "number of rows", config::count(2))
          .field("noise", &MakeMoons::noise, "standard deviation", config::at_least(0))
          .field("shuffle", &MakeMoons::shuffle, "rows in random order");
  return list;
}

GeneratedTable MakeMoons::generate(const PhiloxStream& stream) const {
  GeneratedTable table = classes_table(n_samples, 2, 2);
  const int64_t outer = n_samples / 2;
  for (int64_t i = 0; i < outer; ++i) {
    const double angle = half_turn(i, outer);
    put_point(table, i, std::cos(angle), std::sin(angle), 0);
  }
  for (int64_t i = outer; i < n_samples; ++i) {
    const double angle = half_turn(i - outer, n_samples - outer);
    put_point(table, i, 1 - std::cos(angle), 0.5 - std::sin(angle), 1);
  }
  finish(table, shuffle, noise, stream);
  return table;
}

const config::FieldList& MakeCircles::fields() {
  static const config::FieldList list =
      config::FieldListOf<MakeCircles>("make_circles", "A circle within a circle.")
          .field("n_samples", &MakeCircles::n_samples, "number of rows", config::count(2))
          .field("noise", &MakeCircles::noise, "standard deviation", config::at_least(0))
          .field("factor", &MakeCircles::factor, "inner radius over outer radius",
                 config::fraction())
          .field("shuffle", &MakeCircles::shuffle, "rows in random order");
  return list;
}

GeneratedTable MakeCircles::generate(const PhiloxStream& stream) const {
  GeneratedTable table = classes_table(n_samples, 2, 2);
  const int64_t outer = n_samples / 2;
  for (int64_t i = 0; i < n_samples; ++i) {
    const bool inner = i >= outer;
    const auto place = static_cast<double>(inner ? i - outer : i);
    const double angle =
        2 * std::numbers::pi * place / static_cast<double>(inner ? n_samples - outer : outer);
    const double radius = inner ? factor : 1;
    put_point(table, i, radius * std::cos(angle), radius * std::sin(angle), inner ? 1 : 0);
  }
  finish(table, shuffle, noise, stream);
  return table;
}

const config::FieldList& MakeBlobs::fields() {
  static const config::FieldList list =
      config::FieldListOf<MakeBlobs>("make_blobs", "Normal blobs around random centers.")
          .field("n_samples", &MakeBlobs::n_samples, "number of rows", config::count())
          .field("n_features", &MakeBlobs::n_features, "number of features", config::count())
          .field("centers", &MakeBlobs::centers, "number of blobs",
                 config::between(1, kMostClasses))
          .field("cluster_std", &MakeBlobs::cluster_std, "standard deviation of a blob",
                 config::at_least(0))
          .field("center_box", &MakeBlobs::center_box, "lowest and highest coordinate of a center")
          .field("shuffle", &MakeBlobs::shuffle, "rows in random order");
  return list;
}

GeneratedTable MakeBlobs::generate(const PhiloxStream& stream) const {
  if (center_box.size() != 2 || center_box[0] > center_box[1]) {
    throw InputError("center_box must be the lowest and the highest coordinate");
  }
  GeneratedTable table = classes_table(n_samples, n_features, static_cast<int32_t>(centers));
  const auto center = [&](int64_t blob, int64_t c) {
    const auto unit = stream.uniform(kCenters, static_cast<uint64_t>(blob * n_features + c));
    return center_box[0] + (center_box[1] - center_box[0]) * static_cast<double>(unit);
  };
  int64_t row = 0;
  for (int64_t blob = 0; blob < centers; ++blob) {
    const int64_t size = n_samples / centers + (blob < n_samples % centers ? 1 : 0);
    for (const int64_t end = row + size; row < end; ++row) {
      table.classes[static_cast<size_t>(row)] = static_cast<int32_t>(blob);
      for (int64_t c = 0; c < n_features; ++c)
        table.row(row)[c] = static_cast<float>(center(blob, c));
    }
  }
  finish(table, shuffle, cluster_std, stream);
  return table;
}

}  // namespace mlrun::data
