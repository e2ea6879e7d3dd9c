// The files of a run, by their names in its folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace mlrun::trials {

/// Sealed when they are finished (trials/seal.h).
inline constexpr const char* kResultsName = "results.h5";
inline constexpr const char* kModelName = "model.h5";

inline constexpr const char* kExperimentName = "experiment.yaml";  ///< resolved
inline constexpr const char* kLogName = "log.txt";
inline constexpr const char* kJournalName = "journal";
inline constexpr const char* kDamagedJournalName = "journal.damaged";  ///< see store/journal.h
inline constexpr const char* kCheckpointsName = "checkpoints";         ///< a folder

/// The name that a file gets which is not as it was sealed.
inline std::string changed_name(const std::string& name) { return name + ".changed"; }

/// Of a trial, by its number; `checkpoints` is the folder of that name.
inline std::filesystem::path checkpoint_of(const std::filesystem::path& checkpoints,
                                           int32_t trial) {
  return checkpoints / ("trial-" + std::to_string(trial) + ".h5");
}

}  // namespace mlrun::trials
