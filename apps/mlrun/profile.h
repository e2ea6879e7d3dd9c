// mlrun train --profile
#pragma once

#include "command.h"
#include "trials/search.h"

namespace mlrun::app {

/// Trains the first trial in this process and prints where its time went.
void print_profile(const trials::Search& search, Format format);

}  // namespace mlrun::app
