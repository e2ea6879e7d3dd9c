// Which of two classes is the positive one.
#pragma once

#include "config/experiment.h"
#include "data/dataset.h"

namespace mlrun::data {

/// With spec.positive that class is number 1 of the two, and by its name the last no more. Rows to
/// be predicted may be of one class. Throws InputError at the setting where there are not two
/// classes, or none of that name.
void choose_positive(const config::DatasetSpec& spec, bool may_lack_target, Dataset& dataset);

}  // namespace mlrun::data
