// How two resolved experiments differ.
#pragma once

#include <string>

namespace mlrun::trials {

/// Lines such as "\n  train.epochs: 20 there, 3 here" for the first few settings of the stored
/// experiment (there) and of the new one (here) that differ.
std::string describe_difference(const std::string& there, const std::string& here);

}  // namespace mlrun::trials
