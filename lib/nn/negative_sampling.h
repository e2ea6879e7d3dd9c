// The loss of embeddings. Mikolov et al. 2013, "Distributed representations of words and phrases
// and their compositionality", eq. 4.
#pragma once

#include "config/catalog.h"

namespace mlrun::nn {

void add_negative_sampling(config::Catalog& losses);

}  // namespace mlrun::nn
