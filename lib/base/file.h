// Files: whole reads, durable writes, checksums.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/sha256.h"

namespace mlrun {

/// An owned file descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_ = -1;
};

/// A file or folder, as it is there now.
class Place {
 public:
  explicit Place(const std::filesystem::path& path);

  /// Whether neither was moved or removed, nor has another its name.
  bool is_the_same() const;

 private:
  std::filesystem::path path_;
  std::pair<uint64_t, uint64_t> number_;  ///< of the device, and on it
};

/// The whole file. Throws Error ("read 'x': No such file or directory").
std::string read_file(const std::filesystem::path& path);

/// Writes beside `path`, syncs, renames: after a crash the old content or the new one is there.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

/// A name for a file that becomes `path`: no other process, of whatever machine, has the same.
std::filesystem::path temporary_name(const std::filesystem::path& path);

/// Removes files of such names that nobody has locked (flock) and that were left long before
/// `newest`, one of them, was made. No error where that cannot be told or done.
void remove_abandoned(const std::filesystem::path& path, const std::filesystem::path& newest);

/// Syncs a finished file `temporary` and moves it to `path`, then syncs the folder.
void publish_file(const std::filesystem::path& temporary, const std::filesystem::path& path);

/// Writes all of `bytes`, restarting after signals and short writes. Throws Error ("write 'x': No
/// space left on device"); `path` is for that.
void write_all(int fd, std::string_view bytes, const std::filesystem::path& path);

/// Lower-case hexadecimal SHA-256 of the content.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace mlrun
