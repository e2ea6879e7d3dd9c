// The error of an experiment whose data are not what it says.
#pragma once

#include <string>

#include "config/experiment.h"

namespace mlrun::data {

/// Throws InputError at spec.source_mark.
[[noreturn]] void refuse(const config::DatasetSpec& spec, const std::string& message);

}  // namespace mlrun::data
