#include "trials/folder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/tell.h"
#include "trials/difference.h"
#include "trials/run_files.h"

namespace mlrun::trials {

namespace fs = std::filesystem;

namespace {

// What a run writes, or leaves when it ends early, but for checkpoints.
std::vector<std::string> run_files() {
  return {kJournalName, kDamagedJournalName,      kResultsName,    changed_name(kResultsName),
          kModelName,   changed_name(kModelName), kExperimentName, kLogName};
}

std::string refusal(const fs::path& folder, const std::string& config) {
  std::string text = fmt::format("'{}' holds the results of another experiment", folder.string());
  const fs::path stored = folder / kExperimentName;
  if (fs::exists(stored)) text += describe_difference(read_file(stored), config);
  return text + "\nuse another folder (-o) or --overwrite";
}

// What a run replaces or removes. To log.txt it only adds: a batch system may write there too.
std::vector<std::string> replaced_files(const fs::path& folder) {
  std::vector<std::string> found;
  for (const char* name : {kCheckpointsName, kExperimentName, kModelName, kResultsName}) {
    if (fs::exists(folder / name)) found.emplace_back(name);
  }
  return found;
}

// Nothing says that a run has written them: they may be the user's own.
[[noreturn]] void refuse_without_journal(const fs::path& folder,
                                         const std::vector<std::string>& files) {
  throw InputError(
      fmt::format("'{}' holds {} without the journal of a run\n"
                  "use another folder (-o), or --overwrite to replace what it holds",
                  folder.string(), fmt::join(files, ", ")));
}

bool is_below(const fs::path& file, const fs::path& folder) {
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(file, error);
  const fs::path way = whole.lexically_relative(fs::weakly_canonical(folder, error));
  return !error && !way.empty() && *way.begin() != "..";
}

bool is_same_file(const fs::path& a, const fs::path& b) {
  std::error_code absent;
  return fs::equivalent(a, b, absent);
}

// Whether a run in the folder would write to the file or remove it.
bool is_taken_by_run(const fs::path& file, const fs::path& folder) {
  for (const std::string& name : run_files()) {
    if (is_same_file(folder / name, file)) return true;
  }
  return is_below(file, folder / kCheckpointsName);
}

// What was resolved may be run again where it lies: it is written as it is.
bool is_already_resolved(const FolderRequest& request) {
  return !request.overwrite && is_same_file(request.folder / kExperimentName, request.source) &&
         read_file(request.source) == request.config;
}

void protect(const fs::path& file, const char* what, const fs::path& folder) {
  if (!is_taken_by_run(file, folder)) return;
  throw InputError(
      fmt::format("'{}' is {}, and a run in '{}' would overwrite it\nuse another folder (-o)",
                  file.string(), what, folder.string()));
}

void protect_inputs(const FolderRequest& request) {
  if (!is_already_resolved(request)) {
    protect(request.source, "the experiment itself", request.folder);
  }
  for (const fs::path& file : request.weights) {
    protect(file, "what the training starts from (initial_weights)", request.folder);
  }
}

[[noreturn]] void refuse_to_make(const fs::path& folder, const std::string& why) {
  std::error_code unreachable;
  const char* const verb = fs::exists(folder, unreachable) ? "use" : "make";
  throw InputError(fmt::format("cannot {} the folder '{}' (-o): {}", verb, folder.string(), why));
}

// The folder, or the nearest above it that is there; one that can be entered.
fs::path nearest_folder(const fs::path& folder) {
  std::error_code unreachable;
  fs::path there = fs::absolute(folder);
  while (!fs::exists(there, unreachable) && there.has_relative_path()) {
    if (fs::is_symlink(fs::symlink_status(there, unreachable))) {
      refuse_to_make(folder, fmt::format("'{}' is a link to '{}', which is not there",
                                         there.string(), fs::read_symlink(there).string()));
    }
    there = there.parent_path();
  }
  if (!fs::is_directory(there)) refuse_to_make(folder, std::strerror(ENOTDIR));
  if (::access(there.c_str(), X_OK) != 0) refuse_to_make(folder, std::strerror(errno));
  return there;
}

void check_writable(const fs::path& folder) {
  const fs::path there = nearest_folder(folder);
  if (::access(there.c_str(), W_OK) != 0) refuse_to_make(folder, std::strerror(errno));
}

// Of this step of a Slurm job, or of the job; 1 where there is none.
int64_t slurm_tasks() {
  for (const char* name : {"SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"}) {
    if (const char* value = std::getenv(name)) return std::strtoll(value, nullptr, 10);
  }
  return 1;
}

// One mlrun that was started as several tasks meets itself.
[[noreturn]] void refuse_busy(const BusyError& error) {
  const int64_t tasks = slurm_tasks();
  if (tasks <= 1) throw error;
  throw BusyError(
      fmt::format("{0}\nstarted {1} times by srun? srun -n 1 -c {1} starts one with {1} cores",
                  error.what(), tasks));
}

store::Journal open_journal(const FolderRequest& request) try {
  return store::Journal::open(request.folder / kJournalName, request.identity);
} catch (const BusyError& error) {
  refuse_busy(error);
}

void check_free(const fs::path& folder) try {
  store::Journal::check_free(folder / kJournalName);
} catch (const BusyError& error) {
  refuse_busy(error);
}

// All but the journal, which is open, and a log that is none of a run.
void remove_run(const fs::path& folder, bool had_no_journal) {
  for (const std::string& name : run_files()) {
    const bool stays = name == kJournalName || (name == kLogName && had_no_journal);
    if (!stays) fs::remove(folder / name);
  }
  fs::remove_all(folder / kCheckpointsName);
}

}  // namespace

void check_folder(const FolderRequest& request) {
  const fs::path& folder = request.folder;
  nearest_folder(folder);
  protect_inputs(request);
  check_free(folder);
  if (request.overwrite) return check_writable(folder);
  const std::optional<std::string> found = store::Journal::identity_in(folder / kJournalName);
  if (found && *found != request.identity) throw InputError(refusal(folder, request.config));
  if (found) return;  // a complete run is printed from where nothing can be written
  check_writable(folder);
  const std::vector<std::string> files = replaced_files(folder);
  if (!files.empty()) refuse_without_journal(folder, files);
}

store::Journal open_folder(const FolderRequest& request) {
  const fs::path& folder = request.folder;
  nearest_folder(folder);
  protect_inputs(request);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) refuse_to_make(folder, error.message());
  store::Journal journal = open_journal(request);
  const bool is_new = journal.origin() == store::JournalOrigin::kCreated;
  if (request.overwrite) {
    remove_run(folder, is_new);
    journal.restart(request.identity);
  } else if (journal.origin() == store::JournalOrigin::kForeign) {
    throw InputError(refusal(folder, request.config));
  } else if (const auto files = replaced_files(folder); is_new && !files.empty()) {
    fs::remove(folder / kJournalName);
    refuse_without_journal(folder, files);
  }
  if (journal.damage() > 0) {
    tell(fmt::format(
        "'{}' is damaged: {} bytes of it are no sound record, and what they held is run again; the "
        "file as it was is in '{}'\n",
        (folder / kJournalName).string(), journal.damage(),
        (folder / kDamagedJournalName).string()));
  }
  return journal;
}

}  // namespace mlrun::trials
