// Folders of wrong input, each file with the whole text of its error beside it.
#pragma once

#include <filesystem>
#include <functional>

namespace mlrun::test {

/// For each NAME.yaml of the folder: `attempt` must throw InputError with the text of
/// NAME.expected, in which the path of the folder is left out. There must be `least` cases or more.
void check_bad_cases(const std::filesystem::path& folder, size_t least,
                     const std::function<void(const std::filesystem::path&)>& attempt);

}  // namespace mlrun::test
