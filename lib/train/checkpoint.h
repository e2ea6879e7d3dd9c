// A training on disk: everything that the rest of it depends on.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "train/early_stopping.h"
#include "train/fit.h"
#include "train/plateau.h"
#include "train/stack_member.h"

namespace mlrun::train {

struct Checkpoint {
  int64_t next_epoch = 0;
  std::vector<EpochRecord> history;
  EarlyStopping::State stopping;
  std::vector<float> best_weights;  ///< a snapshot; empty if none is kept
  Plateau::State plateau;
};

/// Where a checkpoint is, and which training it is of.
struct CheckpointFile {
  std::filesystem::path path;  ///< empty: none is kept
  std::string training;        ///< unlike that of any other
};

/// Replaces the file as a whole; every bit that decides the continuation is kept.
void write_checkpoint(const CheckpointFile& file, const Checkpoint& checkpoint,
                      StackMember& learner);

/// Loads the learner and returns where it stood; nothing if there is no file. Throws Error where it
/// is damaged, or of another training; then the learner is as it was.
std::optional<Checkpoint> read_checkpoint(const CheckpointFile& file, StackMember& learner);

}  // namespace mlrun::train
