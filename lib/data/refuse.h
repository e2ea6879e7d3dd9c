// The error of an experiment whose data are not what it says.
#pragma once

#include <string>

#include "config/experiment.h"

namespace mlrun::data {

/// Throws InputError at spec.source_mark.
[[noreturn]] void refuse(const config::DatasetSpec& spec, const std::string& message);

/// The same at the setting `key`, if it is written, and there at `item` if it is a list.
[[noreturn]] void refuse_setting(const config::DatasetSpec& spec, const char* key,
                                 const std::string& message, const std::string& item = "");

}  // namespace mlrun::data
