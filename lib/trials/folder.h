// The folder that a run keeps its results in.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "store/journal.h"

namespace mlrun::trials {

/// Makes the folder if it is absent and opens its journal. With `overwrite` what an earlier run
/// left there is removed. Throws InputError when the folder cannot be made, is in use, or holds
/// (without overwrite) results that no journal knows, or another experiment; then it says how
/// `config`, the resolved experiment, differs from the stored one. A damaged journal is told on
/// stderr.
store::Journal open_folder(const std::filesystem::path& folder, std::string_view identity,
                           const std::string& config, bool overwrite);

/// Before a run: throws InputError where open_folder() would, but for a folder that is in use.
/// Changes nothing.
void check_folder(const std::filesystem::path& folder, std::string_view identity,
                  const std::string& config, bool overwrite);

/// Of this machine, for the results file.
std::string host_name();

}  // namespace mlrun::trials
