// A training on disk: everything that the rest of it depends on.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "train/early_stopping.h"
#include "train/fit.h"
#include "train/learner.h"

namespace mlrun::train {

struct Checkpoint {
  int64_t next_epoch = 0;
  std::vector<EpochRecord> history;
  EarlyStopping::State stopping;
  std::vector<float> best_weights;  ///< a snapshot; empty if none is kept
};

/// Replaces the file as a whole; every bit that decides the continuation is kept.
void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint,
                      Learner& learner);

/// Loads the learner and returns where it stood; nothing if there is no file.
std::optional<Checkpoint> read_checkpoint(const std::filesystem::path& path, Learner& learner);

}  // namespace mlrun::train
