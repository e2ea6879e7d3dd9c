#include "data/cache_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <optional>

#include "base/error.h"
#include "base/file.h"

namespace mlrun::data {
namespace {

namespace fs = std::filesystem;

bool is_of_cache(const fs::path& file) {
  const std::string extension = file.extension().string();
  return extension == ".mlrun" ||
         (extension == ".tmp" && file.stem().string().find(".mlrun.") != std::string::npos);
}

// An import holds the lock of its file until that is complete.
bool is_being_written(const fs::path& file) {
  if (file.extension() != ".tmp") return false;
  const FileDescriptor held(::open(file.c_str(), O_RDWR | O_CLOEXEC));
  return !held || ::flock(held.get(), LOCK_EX | LOCK_NB) != 0;
}

double unused_for(const struct stat& status) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count() - static_cast<double>(status.st_atim.tv_sec) -
         1e-9 * static_cast<double>(status.st_atim.tv_nsec);
}

}  // namespace

// When a file was last read is not kept by every file system on its own.
void mark_as_used(const fs::path& cache_file) {
  const timespec times[2] = {{0, UTIME_NOW}, {0, UTIME_OMIT}};
  ::utimensat(AT_FDCWD, cache_file.c_str(), times, 0);
}

CleanedCache clean_cache(const fs::path& folder, double unused_seconds) {
  CleanedCache cleaned;
  std::error_code absent;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, absent)) {
    struct stat status {};
    if (!is_of_cache(entry.path()) || ::lstat(entry.path().c_str(), &status) != 0) continue;
    if (!S_ISREG(status.st_mode)) continue;
    const int64_t bytes = status.st_size;
    ++cleaned.found.files;
    cleaned.found.bytes += bytes;
    if (unused_for(status) < unused_seconds || is_being_written(entry.path())) continue;
    if (::unlink(entry.path().c_str()) != 0) {
      throw_errno(fmt::format("remove '{}'", entry.path().string()));
    }
    ++cleaned.removed.files;
    cleaned.removed.bytes += bytes;
  }
  return cleaned;
}

}  // namespace mlrun::data
