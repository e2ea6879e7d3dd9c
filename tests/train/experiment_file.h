// Experiments as people write them, prepared as the program does, for tests of their training.
#pragma once

#include <string>

#include "scratch_folder.h"
#include "train/fit.h"
#include "trials/search.h"

namespace mlrun::test {

/// Of `mlrun train`; the file and the cache are in the folder.
trials::Search prepare(const ScratchFolder& folder, const std::string& yaml);

/// What prepare() refuses it with, or "".
std::string error_of(const ScratchFolder& folder, const std::string& yaml);

/// The first cell, on the rows that are not held out; keeps the model.
train::FitInput input_of(const trials::Search& search, int threads = 1);

/// `text` with the first `from` replaced.
std::string changed(std::string text, const std::string& from, const std::string& to);

}  // namespace mlrun::test
