// A file's bytes from front to back, unpacked if they are gzipped, and hashed on the way.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/file.h"
#include "base/sha256.h"

namespace mlrun::data {

/// The bytes as they lie on disk.
class RawBytes {
 public:
  /// Throws Error if the file cannot be opened.
  explicit RawBytes(const std::filesystem::path& path);

  /// Fills up to `size` bytes; 0 at the end.
  size_t read(char* out, size_t size);

  const std::filesystem::path& path() const { return path_; }

  /// Of the whole file: reads what is left of it.
  std::string sha256();

 private:
  std::filesystem::path path_;
  FileDescriptor file_;
  Sha256 hash_;
};

/// Not thread-safe. Throws InputError ("x.gz: error: ...") when the gzip data is damaged.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  /// Fills `out` with up to `size` unpacked bytes; less only at the end.
  virtual size_t read(char* out, size_t size) = 0;

  /// Of the file on disk, as packed as it is.
  virtual std::string sha256() = 0;
};

/// Gzip is recognised by its first two bytes; several members in one file follow each other.
/// A name that ends in .gz must be gzip.
std::unique_ptr<ByteSource> open_bytes(const std::filesystem::path& path);

}  // namespace mlrun::data
