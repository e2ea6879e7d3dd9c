// The loss of capsules.
#pragma once

#include "config/catalog.h"

namespace mlrun::nn {

void add_margin(config::Catalog& losses);

}  // namespace mlrun::nn
