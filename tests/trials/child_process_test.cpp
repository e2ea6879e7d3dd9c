#include "trials/child_process.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

using namespace mlrun::trials;

TEST_CASE("child process: how it went") {
  ChildProcess ended([](Channel&) {});
  CHECK(ended.reap() == "exited with code 0");
  ChildProcess died([](Channel&) { ::raise(SIGKILL); });
  CHECK(died.reap() == "killed by signal 9 (by the system, if memory ran out)");
}

TEST_CASE("child process: one that does not end is not waited for longer than asked") {
  ChildProcess process([](Channel&) {
    while (true) ::pause();
  });
  CHECK(process.reap_within(0.01) == "");
  process.kill();
  CHECK(process.reap_within(10) == "killed by signal 9 (by the system, if memory ran out)");
}
