#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <vector>

#include "base/error.h"
#include "base/hex.h"
#include "base/pending_file.h"
#include "base/sha256.h"

namespace mlrun {
namespace {

constexpr const char* kTemporary = ".tmp";
constexpr size_t kTemporaryBytes = 8;  // of its random number

bool is_temporary_of(const std::filesystem::path& path, const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  const std::string begin = path.filename().string() + ".";
  return name.starts_with(begin) && name.ends_with(kTemporary) &&
         name.size() == begin.size() + 2 * kTemporaryBytes + std::string_view(kTemporary).size();
}

FileDescriptor open_for_reading(const std::filesystem::path& path) {
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw_errno(fmt::format("open '{}'", path.string()));
  return file;
}

template <class Consume>
void read_chunks(const std::filesystem::path& path, Consume consume) {
  const FileDescriptor file = open_for_reading(path);
  std::vector<char> buffer(1 << 18);
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno(fmt::format("read '{}'", path.string()));
    if (got == 0) return;
    consume(std::string_view(buffer.data(), static_cast<size_t>(got)));
  }
}

void sync_path(const std::filesystem::path& path, int flags) {
  const FileDescriptor file(::open(path.c_str(), flags | O_CLOEXEC));
  if (!file || ::fsync(file.get()) != 0) throw_errno(fmt::format("sync '{}'", path.string()));
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void FileDescriptor::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Place::Place(const std::filesystem::path& path) : path_(path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) number_ = {info.st_dev, info.st_ino};
}

bool Place::is_the_same() const { return Place(path_).number_ == number_; }

std::string read_file(const std::filesystem::path& path) {
  std::string content;
  read_chunks(path, [&](std::string_view chunk) { content += chunk; });
  return content;
}

void write_all(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw_errno(fmt::format("write '{}'", path.string()));
    bytes.remove_prefix(static_cast<size_t>(put));
  }
}

std::filesystem::path temporary_name(const std::filesystem::path& path) {
  std::array<char, kTemporaryBytes> random{};
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
    throw_errno("getrandom");
  }
  return fmt::format("{}.{}{}", path.string(), to_hex({random.data(), random.size()}), kTemporary);
}

void remove_abandoned(const std::filesystem::path& path, const std::filesystem::path& newest) {
  constexpr auto kLong = std::chrono::hours(1);
  std::error_code error;
  const auto now = std::filesystem::last_write_time(newest, error);
  if (error) return;
  std::filesystem::directory_iterator folder(path.parent_path(), error);
  for (; !error && folder != std::filesystem::directory_iterator(); folder.increment(error)) {
    const std::filesystem::path& file = folder->path();
    std::error_code gone;
    const auto written = std::filesystem::last_write_time(file, gone);
    if (gone || !is_temporary_of(path, file) || now - written < kLong) continue;
    const FileDescriptor held(::open(file.c_str(), O_RDWR | O_CLOEXEC));
    if (held && ::flock(held.get(), LOCK_EX | LOCK_NB) == 0) ::unlink(file.c_str());
  }
}

void publish_file(const std::filesystem::path& temporary, const std::filesystem::path& path) {
  sync_path(temporary, O_RDONLY);
  std::filesystem::rename(temporary, path);
  const std::filesystem::path folder = path.parent_path();
  sync_path(folder.empty() ? std::filesystem::path(".") : folder, O_RDONLY | O_DIRECTORY);
}

void write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  const std::filesystem::path temporary = path.string() + ".tmp";
  const PendingFile pending(temporary);
  {
    const FileDescriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file) throw_errno(fmt::format("create '{}'", temporary.string()));
    write_all(file.get(), content, temporary);
  }
  publish_file(temporary, path);
}

std::string sha256_of_file(const std::filesystem::path& path) {
  Sha256 hash;
  read_chunks(path, [&](std::string_view chunk) { hash.add(chunk); });
  return hash.hex();
}

}  // namespace mlrun
