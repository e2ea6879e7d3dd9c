// A run in its folder: journal, resume, results. The same command again continues or prints.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "device/budget.h"
#include "device/gpu_survey.h"
#include "trials/progress.h"
#include "trials/record.h"
#include "trials/results.h"
#include "trials/scheduler.h"
#include "trials/search.h"

namespace mlrun::trials {

struct RunOptions {
  std::filesystem::path output;   ///< folder; made if absent
  int jobs = -1;                  ///< trials at a time; -1: as many as fit, see make_fleet()
  std::vector<device::Gpu> gpus;  ///< to run on; none: the CPU
  std::optional<int> stack;       ///< most trials that are trained as one, see make_fleet()
  bool overwrite = false;
  int retries = 1;
  bool stop_on_error = false;
  double time_budget = 0;  ///< seconds; 0: none
  Verbosity verbosity = Verbosity::kNormal;
  std::string command_line;
};

struct RunReport {
  RunOutcome outcome = RunOutcome::kDone;
  std::map<int32_t, TrialRecord> records;
  std::filesystem::path results;

  int64_t failures() const;
};

/// Runs what is left of the search and writes results.h5. Throws InputError where open_folder()
/// does, and, before anything is touched, when this program cannot compute on GPUs and is given
/// some.
RunReport run_search(const Search& search, const device::Budget& budget, const RunOptions& options);

}  // namespace mlrun::trials
