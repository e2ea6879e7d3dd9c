// A scaling study in its folder: journal, resume, results. The same command again goes on or
// prints.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "scale/crew.h"
#include "scale/study.h"
#include "trials/search.h"

namespace mlrun::scale {

struct RunOptions {
  std::filesystem::path output;  ///< folder; made if absent
  bool overwrite = false;
  bool quiet = false;  ///< no progress on stderr
  std::string command_line;
};

struct StudyReport {
  bool complete = false;  ///< false: interrupted, resumable
  size_t points = 0;
  std::vector<Measurement> measurements;  ///< in the order of plan_points()
  std::filesystem::path results;
};

/// Before a study: throws InputError where run_study() would because of what the folder holds.
void check_output(const trials::Search& search, const Equipment& equipment,
                  const StudyOptions& study, const RunOptions& options);

/// Measures what is left of the study and writes results.h5. Throws InputError when the folder
/// holds another study (without overwrite) or is in use, or stacks of what cannot be stacked are
/// asked for; Error when a training fails. The points of one study are of one machine and its GPUs:
/// on another, the folder is another study's.
StudyReport run_study(const trials::Search& search, const Equipment& equipment,
                      const StudyOptions& study, const RunOptions& options);

}  // namespace mlrun::scale
