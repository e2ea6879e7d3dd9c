// The training of one model: epochs, validation, early stopping, checkpoints, scoring.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/experiment.h"
#include "data/dataset.h"
#include "ops/cpu_kernels.h"
#include "store/model_file.h"
#include "train/epoch_outcome.h"
#include "train/profile.h"
#include "train/scores.h"

namespace mlrun::train {

/// FitInput::fold of the training on all training rows.
inline constexpr uint32_t kRefitFold = 0xFFFFFFFF;

struct FitInput {
  const config::ExperimentSpec& spec;
  const data::Dataset& dataset;
  std::span<const int64_t> train_rows;      ///< the validation rows are taken from them
  std::span<const int64_t> test_rows = {};  ///< scored once at the end; may be empty
  uint32_t cell = 0;
  uint32_t fold = 0;                      ///< its number, or kRefitFold
  int threads = 1;                        ///< of the host
  std::filesystem::path checkpoint = {};  ///< written and resumed if spec asks for it; empty: never
  std::string training = {};  ///< which one it is: a checkpoint of another is not resumed
  bool keep_model = false;    ///< return the final weights
  bool profile = false;       ///< time every op, and measure the machine's peak
  const store::ModelFile* initial_weights = nullptr;  ///< of the layers that it names, or none
  graph::BackendFactory backend = ops::cpu_backend;   ///< where to compute
};

/// One row of the history. The values are those of score_names(); NaN
/// where there is none (validation without validation rows).
struct EpochRecord {
  int64_t epoch = 0;
  std::vector<double> training;
  std::vector<double> validation;
  double seconds = 0;
};

/// The place in `history`, of a finished training, of the epoch whose weights the model has: the
/// last, or the best one where early stopping restores it.
size_t epoch_of_model(const config::ExperimentSpec& spec, std::span<const EpochRecord> history);

struct FitHooks {
  std::function<void(const EpochRecord&)> on_epoch;
  std::function<bool()> should_stop;  ///< asked after every epoch: end as kInterrupted
  std::function<void(const std::string&)> on_note = {};  ///< of what a user should know
};

/// kDiverged: the loss of an epoch, of its validation rows or of the test rows was not finite, or
/// the weights at the end were not.
enum class FitStatus : int32_t { kFinished = 0, kDiverged = 1, kInterrupted = 2 };

struct FitResult {
  FitStatus status = FitStatus::kFinished;
  std::string message;  ///< of kDiverged: what was not finite, and when
  std::vector<EpochRecord> history;
  std::vector<double> test;        ///< of score_names(); NaN without test rows
  std::vector<float> predictions;  ///< test rows x output_width; none of label sequences
  int64_t output_width = 0;
  int64_t parameters = 0;
  LossScaleState loss_scale;  ///< at the end of the training
  double fit_seconds = 0;
  double score_seconds = 0;
  double data_seconds = 0;          ///< of fit_seconds: gathering batches
  double compute_seconds = 0;       ///< of fit_seconds: steps, validation and metrics
  store::ModelFile model;           ///< if asked for
  std::vector<ProfileRow> profile;  ///< if asked for; its seconds add up to fit_seconds
  ops::Peak peak;
};

/// Deterministic: the numbers depend on the input alone (times aside).
FitResult fit(const FitInput& input, const FitHooks& hooks = {});

/// What trainings of one data set that can be trained as one have in common: the experiment but for
/// what may differ. Nothing for one that is trained alone.
std::optional<std::string> stacking_key(const config::ExperimentSpec& spec,
                                        const data::Dataset& dataset);

/// Why these two cannot be trained as one; "" if they can. They may differ in their rows (folds),
/// in seed, cell and fold, in the learning rate, in the factors of penalties, and in dropout rates,
/// as long as both drop something or neither does. A training with a profile is trained alone.
std::string why_not_stacked(const FitInput& a, const FitInput& b);

/// Told of each training of a stack as it ends, by its number in the stack.
using FitEnd = std::function<void(size_t number, FitResult&& result)>;

/// Trains them as one graph with a copy of every value for each, on the backend of the first; the
/// numbers are those of fit(), of which the times are those of all. `hooks` are none or one each;
/// one that asks to stop ends its own training only. Throws Error where why_not_stacked() says
/// something.
void fit_stack(std::span<const FitInput> inputs, std::span<const FitHooks> hooks,
               const FitEnd& ended);

/// fit() of one, fit_stack() of several.
void fit_all(std::span<const FitInput> inputs, std::span<const FitHooks> hooks,
             const FitEnd& ended);

}  // namespace mlrun::train
