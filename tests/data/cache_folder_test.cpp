#include "data/cache_folder.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <fstream>

#include "base/file.h"
#include "scratch_folder.h"

using namespace mlrun;
using namespace mlrun::data;

namespace {

void write_unused_since(const std::filesystem::path& path, time_t when) {
  std::ofstream(path) << "12345678";
  const timespec times[2] = {{when, 0}, {0, UTIME_OMIT}};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
}

}  // namespace

TEST_CASE("cache folder: what was not used is removed, and nothing else") {
  constexpr double kDay = 86400;
  const ScratchFolder folder;
  for (const char* name : {"old-1.mlrun", "used-2.mlrun", "left-3.mlrun.0123.tmp", "notes.tmp",
                           "busy-4.mlrun.4567.tmp", "mine.csv"}) {
    write_unused_since(folder / name, 1000);
  }
  mark_as_used(folder / "used-2.mlrun");
  const FileDescriptor writing(::open((folder / "busy-4.mlrun.4567.tmp").c_str(), O_RDWR));
  REQUIRE(::flock(writing.get(), LOCK_EX) == 0);
  const CleanedCache cleaned = clean_cache(folder / "", 30 * kDay);
  CHECK(cleaned.found.files == 4);
  CHECK(cleaned.found.bytes == 32);
  CHECK(cleaned.removed.files == 2);
  CHECK(cleaned.removed.bytes == 16);
  for (const char* stays : {"used-2.mlrun", "busy-4.mlrun.4567.tmp", "notes.tmp", "mine.csv"}) {
    CHECK(std::filesystem::exists(folder / stays));
  }
  CHECK(clean_cache(folder / "", 0).removed.files == 1);
  CHECK(clean_cache(folder / "absent", 0).found.files == 0);
}
