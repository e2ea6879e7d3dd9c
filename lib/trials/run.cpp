#include "trials/run.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/host.h"
#include "base/version.h"
#include "ops/product/gemm.h"
#include "store/hdf5.h"
#include "store/model_file.h"
#include "trials/folder.h"
#include "trials/gpu_absence.h"
#include "trials/precisions.h"
#include "trials/ranking.h"
#include "trials/run_files.h"
#include "trials/seal.h"

namespace mlrun::trials {
namespace {

namespace fs = std::filesystem;

// Of a run that was ended before it sealed its model.
bool is_sound_model(const fs::path& file) {
  try {
    store::read_model(file);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

class Run {
 public:
  Run(const Search& search, const device::Budget& budget, const RunOptions& options)
      : search_(search),
        options_(options),
        seals_(options.output),
        fleet_(make_fleet(search, budget, options.jobs, options.gpus, options.stack)),
        journal_(open_journal()) {
    report_.results = options.output / kResultsName;
    scheduler_.retries = options.retries;
    scheduler_.stop_on_error = options.stop_on_error;
    scheduler_.deadline = options.time_budget > 0 ? now_seconds() + options.time_budget : 0;
    scheduler_.keep_predictions = search.spec.predictions != config::KeepPredictions::kNone;
    scheduler_.model = options.output / kModelName;
    const bool checkpoints =
        std::any_of(search.cells.begin(), search.cells.end(),
                    [](const Cell& cell) { return cell.spec.train.checkpoint_every > 0; });
    if (checkpoints) scheduler_.checkpoints = options.output / kCheckpointsName;
  }

  RunReport go() {
    const InterruptGuard guard;
    const fs::path checkpoints = options_.output / kCheckpointsName;
    if (journal_.is_read_only()) {
      check_complete();
      return std::move(report_);
    }
    forget_lost_model();
    if (is_complete() && seals_.is_intact(kResultsName)) {
      fs::remove_all(checkpoints);
      return std::move(report_);
    }
    for (const char* name : {kResultsName, kModelName}) {
      if (seals_.is_changed(name)) seals_.set_aside(name);
    }
    write_file_atomically(options_.output / kExperimentName, search_.config);
    Progress progress(options_.verbosity, total(), static_cast<int64_t>(report_.records.size()),
                      search_.spec.train.epochs, options_.output / kLogName);
    run_trials(progress);
    progress.finish();
    journal_.check_place();
    write_results(report_.results, make_results(search_, report_.records, samples_, facts()));
    seal_files();
    if (report_.outcome == RunOutcome::kDone) fs::remove_all(checkpoints);
    return std::move(report_);
  }

 private:
  // Nobody can go on with it.
  void check_complete() const {
    if (is_complete()) return;
    throw InputError(
        fmt::format("the run in '{}' is not complete, and its journal may only be read",
                    options_.output.string()));
  }

  void seal_files() {
    const auto fit = report_.records.find(static_cast<int32_t>(search_.trials.size()));
    const bool has_model =
        fit != report_.records.end() && fit->second.status == TrialStatus::kFinished;
    if (has_model && fs::exists(scheduler_.model)) seals_.seal(kModelName, journal_);
    seals_.seal(kResultsName, journal_);
  }

  // Opens the journal and takes over what was measured and the trials that have ended for good.
  store::Journal open_journal() {
    store::Journal journal =
        open_folder({options_.output, search_.identity, search_.config, search_.file,
                     search_.initial_weights, options_.overwrite});
    for (const std::string& bytes : journal.records()) {
      if (seals_.take(bytes)) continue;
      if (holds_device_samples(bytes)) {
        samples_.append(device_samples_from_bytes(bytes));
        continue;
      }
      TrialRecord record = record_from_bytes(bytes);
      if (record.is_final()) report_.records[record.trial.id] = std::move(record);
    }
    return journal;
  }

  int64_t total() const {
    return static_cast<int64_t>(search_.trials.size()) + (search_.has_refit() ? 1 : 0);
  }

  bool has(int32_t id) const { return report_.records.contains(id); }

  // The cell of the final fit: -1 when no cell has a score.
  int32_t refit_cell() const {
    return search_.folds.empty() ? 0 : best_cell(search_, report_.records);
  }

  // A trial that was lost and came back later may have made another cell the best.
  bool has_refit_of(int32_t cell) const {
    const auto found = report_.records.find(static_cast<int32_t>(search_.trials.size()));
    return found != report_.records.end() && found->second.trial.cell == cell;
  }

  // The final fit is then made again. One that failed has no model.
  void forget_lost_model() {
    const auto fit = report_.records.find(static_cast<int32_t>(search_.trials.size()));
    if (fit == report_.records.end() || fit->second.status != TrialStatus::kFinished) return;
    const bool is_sound =
        seals_.knows(kModelName) ? seals_.is_intact(kModelName) : is_sound_model(scheduler_.model);
    if (!is_sound) report_.records.erase(fit);
  }

  bool is_complete() const {
    for (const Trial& trial : search_.trials) {
      if (!has(trial.id)) return false;
    }
    return !search_.has_refit() || refit_cell() < 0 || has_refit_of(refit_cell());
  }

  void run_trials(Progress& progress) {
    GpuMonitor monitor(options_.gpus, samples_.next_run());
    const RunState state{fleet_, monitor, journal_, progress, report_.records, samples_};
    std::vector<Trial> left;
    for (const Trial& trial : search_.trials) {
      if (!has(trial.id)) left.push_back(trial);
    }
    run_some(std::move(left), state);
    if (!search_.has_refit() || report_.outcome != RunOutcome::kDone) return;
    const int32_t cell = refit_cell();
    if (cell < 0) return;
    if (!has_refit_of(cell)) run_some({search_.refit_of(cell)}, state);
  }

  void run_some(std::vector<Trial> trials, const RunState& state) {
    if (trials.empty()) return;
    Scheduler scheduler(search_, scheduler_, state);
    report_.outcome = scheduler.run(std::move(trials));
  }

  RunFacts facts() const {
    RunFacts facts;
    facts.version = version();
    facts.git_revision = git_revision();
    facts.libraries = store::hdf5_version() + ", " + ops::gemm_library();
    facts.devices = describe(fleet_);
    for (const std::string& text : describe_precisions(search_, options_.gpus)) {
      facts.devices += "; " + text;
    }
    facts.command_line = options_.command_line;
    facts.host = host_name();
    facts.created = utc_timestamp();
    facts.workers = static_cast<int>(fleet_.stations.size());
    facts.threads = fleet_.threads;
    facts.complete = report_.outcome == RunOutcome::kDone && is_complete();
    return facts;
  }

  const Search& search_;
  const RunOptions& options_;
  RunReport report_;
  DeviceSamples samples_;
  Seals seals_;
  Fleet fleet_;
  store::Journal journal_;
  SchedulerOptions scheduler_;
};

}  // namespace

int64_t RunReport::failures() const {
  return std::count_if(records.begin(), records.end(), [](const auto& entry) {
    return entry.second.status != TrialStatus::kFinished;
  });
}

RunReport run_search(const Search& search, const device::Budget& budget,
                     const RunOptions& options) {
  if (!options.gpus.empty() && !gpu_absence().empty()) throw InputError(gpu_absence());
  return Run(search, budget, options).go();
}

}  // namespace mlrun::trials
