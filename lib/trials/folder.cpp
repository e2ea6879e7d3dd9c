#include "trials/folder.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/error.h"

namespace mlrun::trials {

namespace fs = std::filesystem;

store::Journal open_folder(const fs::path& folder, std::string_view identity, bool overwrite) {
  fs::create_directories(folder);
  store::Journal journal = store::Journal::open(folder / "journal", identity);
  if (overwrite) {
    for (const char* name : {"results.h5", "model.h5", "experiment.yaml", "log.txt"}) {
      fs::remove(folder / name);
    }
    fs::remove_all(folder / "checkpoints");
    journal.restart(identity);
  } else if (journal.origin() == store::JournalOrigin::kForeign) {
    throw InputError(fmt::format(
        "'{}' holds the results of another experiment; use another folder (-o) or --overwrite",
        folder.string()));
  }
  return journal;
}

std::string host_name() {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  return host;
}

}  // namespace mlrun::trials
