#include "train/fitting_rows.h"

#include <algorithm>

#include "train/structure.h"

namespace mlrun::train {
namespace {

constexpr const char* kCell = "cell";  // of a model file's scalars

// Whether a part of the data set is for validation, and its own split is in use.
bool has_own_validation(const config::ExperimentSpec& spec, const data::Dataset& dataset) {
  return spec.dataset.split.test == 0 &&
         std::ranges::find(dataset.parts, data::Part::kValidation) != dataset.parts.end();
}

data::Split own_validation(const FitInput& input) {
  data::Split split;
  for (size_t row = 0; row < input.dataset.parts.size(); ++row) {
    if (input.dataset.parts[row] == data::Part::kValidation) {
      split.test.push_back(static_cast<int64_t>(row));
    }
  }
  split.train.assign(input.train_rows.begin(), input.train_rows.end());
  return split;
}

}  // namespace

bool validates(const config::ExperimentSpec& spec, const data::Dataset& dataset) {
  return has_own_validation(spec, dataset) || spec.train.validation_split.value_or(0) > 0;
}

data::Split fitting_rows(const FitInput& input) {
  if (has_own_validation(input.spec, input.dataset)) return own_validation(input);
  const double fraction = input.spec.train.validation_split.value_or(0);
  if (fraction == 0) return {{input.train_rows.begin(), input.train_rows.end()}, {}};
  const auto& cv = input.spec.cv;
  if (cv && cv->strategy == config::SplitStrategy::kTimeSeriesSplit) {
    return data::last_validation_split(input.dataset, input.train_rows, fraction,
                                       input.spec.train.validation_split_mark);
  }
  return data::validation_split(input.dataset, input.train_rows, fraction,
                                static_cast<uint64_t>(input.spec.seed), input.cell, input.fold,
                                input.spec.train.validation_split_mark);
}

void mark_cell(store::ModelFile& model, int64_t cell) {
  model.scalars[kCell] = static_cast<double>(cell);
}

uint32_t cell_of(const store::ModelFile& model) {
  const auto found = model.scalars.find(kCell);
  return found == model.scalars.end() ? 0 : static_cast<uint32_t>(found->second);
}

void check_rows(const FitInput& input) {
  check_transform_rows(input.dataset, input.spec.dataset, fitting_rows(input).train);
}

}  // namespace mlrun::train
