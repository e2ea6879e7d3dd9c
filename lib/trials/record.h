// What is known of a trial that has ended: the unit of the journal and of the worker's messages.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "train/fit.h"
#include "trials/search.h"

namespace mlrun::trials {

/// Stored on disk: never renumber.
enum class TrialStatus : int32_t {
  kFinished = 0,
  kDiverged = 1,     ///< a loss was not finite, or a weight; named in `message`
  kFailed = 2,       ///< an error, named in `message`
  kCrashed = 3,      ///< the worker died
  kInterrupted = 4,  ///< asked to stop; never in the journal
};

std::string_view to_string(TrialStatus status);

struct TrialRecord {
  Trial trial;
  TrialStatus status = TrialStatus::kFinished;
  std::string message;  ///< why it is not kFinished
  int32_t attempts = 1;
  int32_t worker = 0;
  std::string device = "cpu";
  std::string precision;  ///< what the device multiplied in; "" if not known
  train::LossScaleState loss_scale;
  std::vector<train::EpochRecord> history;
  std::vector<double> test;  ///< train::score_names() of the cell
  int64_t output_width = 0;
  std::vector<float> predictions;  ///< test rows x output_width
  int64_t parameters = 0;
  double fit_seconds = 0;
  double score_seconds = 0;
  double data_seconds = 0;
  double compute_seconds = 0;
  /// Its share of what its GPU took; NaN on the CPU and where it is not known.
  double energy_joules = std::numeric_limits<double>::quiet_NaN();

  /// Whether running it again could not change it.
  bool is_final() const {
    return status == TrialStatus::kFinished || status == TrialStatus::kDiverged;
  }
};

/// Takes over what a training returned.
TrialRecord make_record(const Trial& trial, train::FitResult&& result);

std::string to_bytes(const TrialRecord& record);

/// Also of records from before energy was measured, or precision recorded. Throws Error when the
/// bytes are not those of a record.
TrialRecord record_from_bytes(std::string_view bytes);

}  // namespace mlrun::trials
