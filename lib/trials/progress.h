// How far a run is, on stderr: one line that is rewritten on a terminal, else time-stamped lines.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "base/clock.h"
#include "trials/record.h"

namespace mlrun::trials {

enum class Verbosity { kQuiet, kNormal, kVerbose };

class Progress {
 public:
  /// `total` trials, `done` of them by an earlier run. `epochs`: expected of one trial. Every trial
  /// is also noted in `log`, whatever the verbosity; a file that cannot be written is left out.
  Progress(Verbosity verbosity, int64_t total, int64_t done, int64_t epochs,
           const std::filesystem::path& log);
  ~Progress();

  void on_epoch(int32_t trial, int64_t epoch, double loss);
  void on_record(const TrialRecord& record, const std::string& params, const std::string& score);
  void on_retry(const Trial& trial, const std::string& reason);
  void on_note(int32_t trial, const std::string& text);
  void on_device_lost(const std::string& device, const std::string& why);

  /// Redraws if it is time to.
  void tick();

  /// Ends the line on a terminal.
  void finish();

 private:
  std::string line() const;
  /// To the log; also to stderr when at least this verbose.
  void note(const std::string& text, Verbosity from);
  void clear_line();

  Verbosity verbosity_;
  std::ofstream log_;
  bool terminal_;
  int64_t total_;
  int64_t done_;
  int64_t done_before_;
  int64_t epochs_;
  int64_t failed_ = 0;
  std::map<int32_t, int64_t> running_;  ///< epochs finished by each trial that runs
  double last_loss_ = 0;
  Stopwatch watch_;
  double last_drawn_ = -1e9;
  bool line_shown_ = false;
};

}  // namespace mlrun::trials
