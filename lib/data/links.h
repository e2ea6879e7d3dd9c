// Rows that are pairs of nodes: those that are joined, and as many that are not.
#pragma once

#include "data/dataset.h"
#include "data/open.h"

namespace mlrun::data {

/// From one graph whose rows are nodes. The pairs that are not joined are drawn from options.seed.
/// Classes "no" and "yes". Throws InputError at `mark` when the loss is not for classes, or when
/// there are no edges, or too many to find as many pairs without one.
Dataset link_dataset(Dataset nodes, const Mark& mark, const OpenOptions& options);

}  // namespace mlrun::data
