// Files that a process is still writing, for the day when a signal ends it.
#pragma once

#include <cstddef>
#include <filesystem>

namespace mlrun {

/// As long as it lives, remove_pending_files() removes the file. Of several at a time, the first
/// few are remembered.
class PendingFile {
 public:
  explicit PendingFile(const std::filesystem::path& path);
  ~PendingFile();
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

 private:
  size_t slot_;
};

/// May be called by a signal handler.
void remove_pending_files();

}  // namespace mlrun
