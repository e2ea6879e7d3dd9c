// The journal: the truth about a run. Completed results are appended and synced; after a crash at
// any instant, opening it again gives every record that was synced.
//
// File: "mlrun-journal 1 IDENTITY\n", then records of u32 length, u32 crc32 of (length, payload),
// payload. A record that is not sound is passed over where its length leads to one that is; what
// follows the last sound record is a torn write: it is cut off. The file as it was is kept beside
// it, as "journal.damaged".
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace mlrun::store {

/// What open() found.
enum class JournalOrigin {
  kCreated,  ///< nothing was there
  kResumed,  ///< the same experiment: see records()
  kForeign,  ///< another experiment's; the file is untouched: refuse, or restart()
};

/// One process owns an open journal: others are refused by an fcntl lock, which ends with the
/// process however it ends and is not inherited by fork. POSIX drops that lock as soon as the
/// process closes *any* descriptor of the file, so nothing else in the process may open it.
/// Not thread safe.
class Journal {
 public:
  /// `identity` is one line without spaces (the sha256 of the resolved experiment). The folder
  /// must exist. Throws BusyError "another mlrun is running in 'DIR' (pid N)"; Error on I/O, on a
  /// file that is no journal, and on another format version. A whole one that this user may only
  /// read is opened without a lock.
  static Journal open(const std::filesystem::path& path, std::string_view identity);

  /// Throws BusyError where open() would. Changes nothing, and is for a process that has not opened
  /// the journal.
  static void check_free(const std::filesystem::path& path);

  /// The identity in the file, of a run that may be going on; nothing if there is no file or no
  /// whole header. For a process that has not opened the journal. Throws Error on I/O and on a file
  /// that is no journal.
  static std::optional<std::string> identity_in(const std::filesystem::path& path);

  JournalOrigin origin() const { return origin_; }
  /// Identity found in the file (of the other experiment if kForeign).
  const std::string& identity() const { return identity_; }
  /// Payloads in the order of append(), as of open().
  const std::vector<std::string>& records() const { return records_; }
  /// Bytes of a torn or corrupt tail that open() removed.
  int64_t cut_bytes() const { return cut_bytes_; }

  /// Bytes of all records that were not sound, those of the tail among them.
  int64_t damage() const { return damage_; }

  /// Empties the journal, which from now on belongs to `identity` (--overwrite).
  void restart(std::string_view identity);

  /// Opened by who may not write it.
  bool is_read_only() const { return read_only_; }

  /// Throws Error if the file has been removed, moved, or replaced by another.
  void check_place() const;

  /// Adds a record with one write(2). On failure (disk full) the journal is as before. Does
  /// check_place(). Must not be called while origin() is kForeign.
  void append(std::string_view payload);

  /// Returns when all appended records are on the disk.
  void sync();

  /// After fork, in the child: closes the descriptor; the parent's lock stays.
  void close_in_child() { file_.reset(); }

 private:
  Journal(std::filesystem::path path, FileDescriptor file);

  void load(std::string_view identity);
  void write_header(std::string_view identity);
  void cut_to(int64_t size);
  int cause_of_short_write();

  std::filesystem::path path_;
  FileDescriptor file_;
  JournalOrigin origin_ = JournalOrigin::kCreated;
  std::string identity_;
  std::vector<std::string> records_;
  int64_t cut_bytes_ = 0;
  int64_t damage_ = 0;
  bool read_only_ = false;
  int64_t end_ = 0;  ///< size of the file up to the last sound record
};

}  // namespace mlrun::store
