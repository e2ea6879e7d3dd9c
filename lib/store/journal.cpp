#include "store/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <limits>

#include "base/error.h"
#include "store/journal_record.h"

namespace mlrun::store {
namespace {

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

// The lock that another process has; nothing if it has just ended.
std::optional<struct flock> lock_of_other(int file) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  if (::fcntl(file, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
  return lock;
}

[[noreturn]] void refuse_second_run(int file, const std::filesystem::path& path) {
  std::string text = fmt::format("another mlrun is running in '{}'", folder_of(path).string());
  // The owner has no pid here if it runs on another machine.
  const auto lock = lock_of_other(file);
  if (lock && lock->l_pid > 0) text += fmt::format(" (pid {})", lock->l_pid);
  throw BusyError(text);
}

void take_lock(int file, const std::filesystem::path& path) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  if (::fcntl(file, F_SETLK, &lock) == 0) return;
  if (errno == EACCES || errno == EAGAIN) refuse_second_run(file, path);
  // Some cluster file systems are mounted without locks: better to run there unguarded.
  if (errno == ENOLCK || errno == ENOSYS || errno == EOPNOTSUPP) return;
  throw_errno(fmt::format("lock '{}'", path.string()));
}

// Through `file` itself: closing a second descriptor would drop the lock.
std::string read_through(int file, const std::filesystem::path& path) {
  std::string content;
  std::string chunk(1 << 18, '\0');
  for (;;) {
    const ssize_t got =
        ::pread(file, chunk.data(), chunk.size(), static_cast<off_t>(content.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno(fmt::format("read '{}'", path.string()));
    if (got == 0) return content;
    content.append(chunk, 0, static_cast<size_t>(got));
  }
}

// So that the journal's name survives a crash, not only its content.
void sync_folder(const std::filesystem::path& folder) {
  const FileDescriptor file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file || ::fsync(file.get()) != 0) throw_errno(fmt::format("sync '{}'", folder.string()));
}

std::optional<JournalHeader> header_in(std::string_view content,
                                       const std::filesystem::path& path) {
  try {
    return parse_journal_header(content);
  } catch (const Error& error) {
    throw Error(fmt::format("'{}': {}", path.string(), error.what()));
  }
}

}  // namespace

Journal::Journal(std::filesystem::path path, FileDescriptor file)
    : path_(std::move(path)), file_(std::move(file)) {}

Journal Journal::open(const std::filesystem::path& path, std::string_view identity) {
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  const bool may_not_write = !file && (errno == EACCES || errno == EROFS);
  if (may_not_write && std::filesystem::exists(path)) {
    file = FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  }
  if (!file) throw_errno(fmt::format("open '{}'", path.string()));
  if (!may_not_write) take_lock(file.get(), path);
  Journal journal(path, std::move(file));
  journal.read_only_ = may_not_write;
  journal.load(identity);
  return journal;
}

void Journal::check_free(const std::filesystem::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (file && lock_of_other(file.get())) refuse_second_run(file.get(), path);
}

std::optional<std::string> Journal::identity_in(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  const auto header = header_in(read_file(path), path);
  return header ? std::optional(header->identity) : std::nullopt;
}

void Journal::load(std::string_view identity) {
  const std::string content = read_through(file_.get(), path_);
  const auto header = header_in(content, path_);
  if (!header) {
    cut_bytes_ = static_cast<int64_t>(content.size());
    return write_header(identity);
  }
  identity_ = header->identity;
  origin_ = identity_ == identity ? JournalOrigin::kResumed : JournalOrigin::kForeign;
  if (origin_ == JournalOrigin::kForeign) return;
  std::string_view rest = std::string_view(content).substr(header->size);
  for (std::string payload;;) {
    if (take_record(rest, payload)) {
      records_.push_back(payload);
      continue;
    }
    const size_t before = rest.size();
    if (!skip_damaged_record(rest)) break;
    damage_ += static_cast<int64_t>(before - rest.size());
  }
  cut_bytes_ = static_cast<int64_t>(rest.size());
  damage_ += cut_bytes_;
  if (damage_ > 0 && !read_only_) {
    write_file_atomically(path_.string() + ".damaged", content);
  }
  end_ = static_cast<int64_t>(content.size()) - cut_bytes_;
  if (cut_bytes_ > 0 && !read_only_) cut_to(end_);
}

void Journal::restart(std::string_view identity) {
  records_.clear();
  write_header(identity);
}

void Journal::write_header(std::string_view identity) {
  cut_to(0);
  const std::string header = journal_header(identity);
  write_all(file_.get(), header, path_);
  end_ = static_cast<int64_t>(header.size());
  origin_ = JournalOrigin::kCreated;
  identity_ = identity;
  sync();
  sync_folder(folder_of(path_));
}

void Journal::cut_to(int64_t size) {
  if (::ftruncate(file_.get(), size) != 0) throw_errno(fmt::format("cut '{}'", path_.string()));
  end_ = size;
}

// Of a write that put less than all: the next one fails, and says why.
int Journal::cause_of_short_write() {
  const char byte = 0;
  const bool full = ::write(file_.get(), &byte, 1) < 0;
  return full ? errno : EIO;
}

// What is written elsewhere than where the next run looks is lost.
void Journal::check_place() const {
  struct stat mine {};
  struct stat there {};
  const bool same = ::fstat(file_.get(), &mine) == 0 && ::stat(path_.c_str(), &there) == 0 &&
                    mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
  if (same) return;
  throw Error(fmt::format("'{}' was moved or removed while its run went on", path_.string()));
}

void Journal::append(std::string_view payload) {
  if (payload.size() > std::numeric_limits<uint32_t>::max()) {
    throw Error(
        fmt::format("'{}': a record of {} bytes is too long", path_.string(), payload.size()));
  }
  check_place();
  const std::string record = journal_record(payload);
  ssize_t put = 0;
  do {
    put = ::write(file_.get(), record.data(), record.size());
  } while (put < 0 && errno == EINTR);
  if (put == static_cast<ssize_t>(record.size())) {
    end_ += put;
    return;
  }
  // Later records must not land behind half of this one, where no reader would look for them.
  const int cause = put < 0 ? errno : cause_of_short_write();
  cut_to(end_);
  errno = cause;
  throw_errno(fmt::format("write '{}'", path_.string()));
}

void Journal::sync() {
  if (::fdatasync(file_.get()) != 0) throw_errno(fmt::format("sync '{}'", path_.string()));
}

}  // namespace mlrun::store
