/// Where the tests find what they run and read. Compiled once, so that no other test depends on
/// the folder it is built in.
#pragma once

#include <filesystem>

namespace mlrun::test {

/// The program that was built beside the tests.
const std::filesystem::path& program();

/// The library that stands for a GPU driver's (tests/device/fake_nvml), and one with few functions.
const std::filesystem::path& fake_nvml();
const std::filesystem::path& old_fake_nvml();

/// The folder tests/ of the sources.
const std::filesystem::path& tests_folder();

/// Whether libmlrun_cuda.so was built.
bool has_cuda_module();

}  // namespace mlrun::test
