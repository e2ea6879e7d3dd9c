#include "data/target_scaling.h"

#include <algorithm>
#include <cmath>

#include "data/same_bits.h"

namespace mlrun::data {

TargetScaling TargetScaling::fit(const Dataset& dataset, std::span<const int64_t> rows) {
  TargetScaling scaling;
  const int64_t width = dataset.target_width();
  for (int64_t k = 0; k < width; ++k) {
    double mean = 0;
    double square = 0;
    for (const int64_t row : rows) mean += dataset.values[row * width + k];
    mean /= static_cast<double>(rows.size());
    for (const int64_t row : rows) square += std::pow(dataset.values[row * width + k] - mean, 2);
    const double deviation = std::sqrt(square / static_cast<double>(rows.size()));
    scaling.offset_.push_back(static_cast<float>(mean));
    scaling.scale_.push_back(deviation > 0 ? static_cast<float>(deviation) : 1.0f);
  }
  return scaling;
}

void TargetScaling::save(store::ModelFile& model, const std::string& name) const {
  if (!scales()) return;
  const auto width = static_cast<int64_t>(scale_.size());
  model.preprocessing.push_back({name + "/offset", {width}, offset_});
  model.preprocessing.push_back({name + "/scale", {width}, scale_});
}

bool TargetScaling::is_same(const TargetScaling& other) const {
  return same_bits(offset_, other.offset_) && same_bits(scale_, other.scale_);
}

TargetScaling TargetScaling::load(const store::ModelFile& model, const std::string& name) {
  TargetScaling scaling;
  for (const store::NamedArray& array : model.preprocessing) {
    if (array.name == name + "/offset") scaling.offset_ = array.values;
    if (array.name == name + "/scale") scaling.scale_ = array.values;
  }
  return scaling;
}

void TargetScaling::gather(const Dataset& dataset, std::span<const int64_t> rows,
                           float* out) const {
  const int64_t width = dataset.target_width();
  for (const int64_t row : rows) {
    const float* values = dataset.values + row * width;
    if (scale_.empty()) {
      out = std::copy_n(values, width, out);
      continue;
    }
    for (size_t k = 0; k < static_cast<size_t>(width); ++k) {
      *out++ = (values[k] - offset_[k]) / scale_[k];
    }
  }
}

}  // namespace mlrun::data
