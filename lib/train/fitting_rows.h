// Which of the training rows a training fits, and which it keeps for validation.
#pragma once

#include "config/experiment.h"
#include "data/dataset.h"
#include "data/split.h"
#include "store/model_file.h"
#include "train/fit.h"

namespace mlrun::train {

/// Whether rows are kept for validation: by the data set itself, or by validation_split.
bool validates(const config::ExperimentSpec& spec, const data::Dataset& dataset);

/// The training rows, and those of them that are kept back for validation (`test`).
data::Split fitting_rows(const FitInput& input);

/// FitInput::cell of the training that a model file comes from, on which its fitting_rows() depend;
/// 0 where it does not say.
void mark_cell(store::ModelFile& model, int64_t cell);
uint32_t cell_of(const store::ModelFile& model);

/// Throws InputError where fit() would for the sake of its rows: none are left beside those of the
/// validation, or a column that is to be imputed has no value in them.
void check_rows(const FitInput& input);

}  // namespace mlrun::train
