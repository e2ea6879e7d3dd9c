#include "trials/folder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "trials/difference.h"

namespace mlrun::trials {

namespace fs = std::filesystem;

namespace {

std::string refusal(const fs::path& folder, const std::string& config) {
  std::string text = fmt::format("'{}' holds the results of another experiment", folder.string());
  const fs::path stored = folder / "experiment.yaml";
  if (fs::exists(stored)) text += describe_difference(read_file(stored), config);
  return text + "\nuse another folder (-o) or --overwrite";
}

bool holds_results(const fs::path& folder) {
  return fs::exists(folder / "results.h5") || fs::exists(folder / "model.h5");
}

[[noreturn]] void refuse_without_journal(const fs::path& folder) {
  throw InputError(
      fmt::format("'{}' holds results without the journal of their run\n"
                  "use another folder (-o) or --overwrite",
                  folder.string()));
}

[[noreturn]] void refuse_to_make(const fs::path& folder, const std::string& why) {
  throw InputError(fmt::format("cannot make the folder '{}' (-o): {}", folder.string(), why));
}

// Of the folder, or of the one in which it would be made.
void check_writable(const fs::path& folder) {
  fs::path there = fs::absolute(folder);
  while (!fs::exists(there) && there.has_relative_path()) there = there.parent_path();
  const char* const name = there.c_str();
  if (!fs::is_directory(there)) refuse_to_make(folder, std::strerror(ENOTDIR));
  if (::access(name, W_OK | X_OK) != 0) refuse_to_make(folder, std::strerror(errno));
}

}  // namespace

void check_folder(const fs::path& folder, std::string_view identity, const std::string& config,
                  bool overwrite) {
  if (overwrite) return check_writable(folder);
  const std::optional<std::string> found = store::Journal::identity_in(folder / "journal");
  if (found && *found != identity) throw InputError(refusal(folder, config));
  if (found) return;  // a complete run is printed from where nothing can be written
  check_writable(folder);
  if (holds_results(folder)) refuse_without_journal(folder);
}

store::Journal open_folder(const fs::path& folder, std::string_view identity,
                           const std::string& config, bool overwrite) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) refuse_to_make(folder, error.message());
  store::Journal journal = store::Journal::open(folder / "journal", identity);
  if (overwrite) {
    for (const char* name : {"results.h5", "model.h5", "experiment.yaml", "log.txt",
                             "journal.damaged", "results.h5.changed", "model.h5.changed"}) {
      fs::remove(folder / name);
    }
    fs::remove_all(folder / "checkpoints");
    journal.restart(identity);
  } else if (journal.origin() == store::JournalOrigin::kForeign) {
    throw InputError(refusal(folder, config));
  } else if (journal.origin() == store::JournalOrigin::kCreated && holds_results(folder)) {
    fs::remove(folder / "journal");
    refuse_without_journal(folder);
  }
  if (journal.damage() > 0) {
    fmt::print(stderr,
               "'{}' is damaged: {} bytes of it are no sound record, and what they held is run "
               "again; the file as it was is in '{}'\n",
               (folder / "journal").string(), journal.damage(),
               (folder / "journal.damaged").string());
  }
  return journal;
}

std::string host_name() {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  return host;
}

}  // namespace mlrun::trials
