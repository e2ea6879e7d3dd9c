// A gradient learner's way into and out of a model file.
#include <fmt/format.h>

#include <algorithm>

#include "train/gradient_learner.h"
#include "train/initial_weights.h"

namespace mlrun::train {

void GradientLearner::save(store::ModelFile& file, int64_t trial) {
  for (size_t i = 0; i < memory_.count(); ++i) {
    const std::span<const int64_t> dims = memory_.shape(i).dims();
    store::NamedArray array{memory_.name(i), {dims.begin(), dims.end()}, memory_.read(i, trial)};
    (i < model_.size() ? file.weights : file.state).push_back(std::move(array));
  }
  for (const auto& phase : phases_) phase->save(file, trial);
}

void GradientLearner::load(const store::ModelFile& file, int64_t trial) {
  for (size_t i = 0; i < memory_.count(); ++i) {
    const std::vector<store::NamedArray>& arrays = i < model_.size() ? file.weights : file.state;
    const auto found = std::find_if(arrays.begin(), arrays.end(), [&](const auto& array) {
      return array.name == memory_.name(i);
    });
    const auto count = static_cast<size_t>(memory_.shape(i).elements());
    if (found == arrays.end() || found->values.size() != count) {
      throw Error(fmt::format("the model file does not hold '{}' {}", memory_.name(i),
                              memory_.shape(i).to_string()));
    }
    memory_.write(i, found->values, trial);
  }
  for (const auto& phase : phases_) phase->load(file, trial);
  if (device_epoch_) device_epoch_->forget_ahead();
}

void GradientLearner::take_weights(const store::ModelFile& file, int64_t trial) {
  for (size_t i = 0; i < model_.size(); ++i) {
    const store::NamedArray* array = find_weight(file, model_[i].name);
    if (!array) continue;
    if (!has_shape(*array, model_[i].shape)) {
      throw Error(fmt::format("the initial weights hold another '{}' than {}", model_[i].name,
                              model_[i].shape.to_string()));
    }
    memory_.write(i, array->values, trial);
  }
}

}  // namespace mlrun::train
