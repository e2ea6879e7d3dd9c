#include "trials/folder.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "base/error.h"
#include "scratch_folder.h"

using namespace mlrun;
using trials::FolderRequest;

namespace {

FolderRequest request_for(const std::filesystem::path& folder) {
  return {folder, "0123abcd", "name: x\n", "x.yaml", {}, false};
}

// Whether both say this, in a process of its own that is prepared so.
template <class Refusal>
bool are_refused(const std::filesystem::path& folder, const std::string& text,
                 const std::function<void()>& prepare) {
  const pid_t child = ::fork();
  if (child == 0) {
    prepare();
    int as_expected = 0;
    for (const bool opens : {false, true}) {
      try {
        opens ? void(trials::open_folder(request_for(folder)))
              : trials::check_folder(request_for(folder));
      } catch (const Refusal& error) {
        as_expected += error.what() == text ? 1 : 0;
      }
    }
    ::_exit(as_expected);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 2;
}

// Without root's rights.
bool nobody_is_refused(const std::filesystem::path& folder, const std::string& text) {
  return are_refused<InputError>(folder, text, [] {
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(3);
  });
}

}  // namespace

TEST_CASE("folder: one in use, by other tasks of a Slurm job as it seems") {
  const ScratchFolder scratch;
  const std::filesystem::path folder = scratch / "out";
  const std::string text = "another mlrun is running in '" + folder.string() + "' (pid " +
                           std::to_string(::getpid()) + ")";
  const auto refused_with = [&](const char* tasks, const std::string& hint) {
    return are_refused<BusyError>(folder, text + hint,
                                  [tasks] { ::setenv("SLURM_STEP_NUM_TASKS", tasks, 1); });
  };
  const store::Journal mine = trials::open_folder(request_for(folder));
  CHECK(refused_with("4", "\nstarted 4 times by srun? srun -n 1 -c 4 starts one with 4 cores"));
  CHECK(refused_with("1", ""));
}

TEST_CASE("folder: a link that leads nowhere") {
  const ScratchFolder scratch;
  const std::string link = (scratch / "link").string();
  std::filesystem::create_symlink("gone", link);
  for (const std::string& folder : {link, link + "/below"}) {
    CAPTURE(folder);
    const std::string text = "cannot make the folder '" + folder + "' (-o): '" + link +
                             "' is a link to 'gone', which is not there";
    CHECK_THROWS_WITH_AS(trials::check_folder(request_for(folder)), text.c_str(), InputError);
    CHECK_THROWS_WITH_AS(trials::open_folder(request_for(folder)), text.c_str(), InputError);
  }
}

TEST_CASE("folder: one that may not be entered") {
  const ScratchFolder scratch;
  const auto closed = scratch / "closed";
  std::filesystem::create_directory(closed);
  ::chmod((scratch / "").c_str(), 0755);
  ::chmod(closed.c_str(), 0644);
  const std::string why = closed.string() + "' (-o): Permission denied";
  CHECK(nobody_is_refused(closed, "cannot use the folder '" + why));
  const auto below = closed / "below";
  CHECK(nobody_is_refused(
      below, "cannot make the folder '" + below.string() + "' (-o): Permission denied"));
  ::chmod(closed.c_str(), 0755);
}
