// HDF5 files, groups and arrays ("data sets") as C++ values.
//
// Every failure of HDF5 is an Hdf5Error that names the file, the object and HDF5's own innermost
// message:
//   'results.h5' /cells/rank: open data set: object 'rank' doesn't exist
// One thread at a time may use HDF5 in a process. HDF5's file locks are off: they fail on many
// cluster file systems, and what must not be written twice is guarded by the journal's lock.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"

namespace mlrun::store {

/// What HDF5 does not do, or what it would do wrong: most often with a file that is damaged.
class Hdf5Error : public Error {
 public:
  Hdf5Error(const std::string& what, std::string reason);

  /// The end of what().
  const std::string& reason() const { return reason_; }

 private:
  std::string reason_;
};

/// "HDF5 1.10.8".
std::string hdf5_version();

/// Shape of an array, slowest dimension first; {} is a single value.
using Extent = std::vector<int64_t>;

/// Product of the dimensions; 1 for {}. See capped_product().
int64_t element_count(std::span<const int64_t> shape);

enum class ElementKind { kFloat, kInteger, kText, kOther };

struct ArrayInfo {
  Extent shape;
  ElementKind kind = ElementKind::kOther;  ///< h5py's bool counts as an integer
  int64_t element_bytes = 0;               ///< in the file

  int64_t size() const { return element_count(shape); }
  int64_t rows() const { return shape.empty() ? 1 : shape.front(); }
  int64_t row_size() const {
    return element_count(std::span(shape).subspan(shape.empty() ? 0 : 1));
  }
};

/// A value attached to a group. Text is UTF-8 without NUL.
using Attribute = std::variant<double, int64_t, std::string, std::vector<double>,
                               std::vector<int64_t>, std::vector<std::string>>;
using Attributes = std::vector<std::pair<std::string, Attribute>>;

/// An owned HDF5 identifier of any kind.
class Handle {
 public:
  Handle() = default;
  explicit Handle(int64_t id) : id_(id) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
  Handle& operator=(Handle&& other) noexcept;
  ~Handle() { reset(); }

  int64_t get() const { return id_; }
  int64_t release() { return std::exchange(id_, -1); }
  void reset();

 private:
  int64_t id_ = -1;
};

/// An array that exists in a file. Keep it while reading range by range: HDF5's cache of
/// decompressed chunks lives as long as the Array.
class Array {
 public:
  /// Throws Hdf5Error when the elements are numbers of a form that no machine has, or more than
  /// the file can hold.
  explicit Array(Handle handle);

  const ArrayInfo& info() const { return info_; }

  /// Rows [begin, begin + count) of a numeric array, converted to T (float, double, int32_t,
  /// int64_t or uint8_t; a fraction is cut off, a value out of range becomes the nearest one).
  /// `out` holds exactly count * size() / rows() elements.
  template <class T>
  void read_rows(int64_t begin, int64_t count, std::span<T> out) const;

  /// The whole numeric array.
  template <class T>
  std::vector<T> read() const;

  /// Rows of a text array of fixed or variable length, and the whole of it.
  std::vector<std::string> read_strings(int64_t begin, int64_t count) const;
  std::vector<std::string> read_strings() const;

 private:
  Handle handle_;
  ArrayInfo info_;
};

/// How the elements lie in the file.
enum class Packing {
  kAuto,   ///< above 64 KiB: chunks, shuffle, deflate 1; contiguous below
  kPlain,  ///< contiguous: for noise (weights) that deflate does not shrink
};

/// An open group. Paths may be nested ("layer/kernel").
class Group {
 public:
  struct Member {
    std::string name;
    bool is_group = false;
  };

  explicit Group(Handle handle) : handle_(std::move(handle)) {}

  /// In the order of their creation when the file keeps it (files of mlrun do), else by name.
  std::vector<Member> members() const;
  bool contains(const std::string& path) const;
  Group group(const std::string& path) const;
  Array array(const std::string& path) const;

  /// Opens `path`, creating what is missing of it.
  Group make_group(const std::string& path);

  /// A new array; groups on its path are created. T as in Array::read_rows.
  template <class T>
  void write(const std::string& path, const Extent& shape, std::span<const T> values,
             Packing packing = Packing::kAuto);
  /// Variable-length UTF-8, as h5py writes str.
  void write_strings(const std::string& path, const Extent& shape,
                     std::span<const std::string> values);

  void set_attribute(const std::string& name, const Attribute& value);
  /// Those of the kinds in Attribute; numbers of other sizes are widened.
  Attributes attributes() const;

 protected:
  Handle handle_;
};

/// An open file; as a Group it is the root.
class File : public Group {
 public:
  static File create(const std::filesystem::path& path);
  static File open(const std::filesystem::path& path);

  /// Calls `fill` on a new file beside `path`, syncs it and moves it to `path`: after a crash or
  /// an Error the old file or the new one is there, whole. One process at a time.
  static void write_atomically(const std::filesystem::path& path,
                               const std::function<void(File&)>& fill);

  /// The same of a file that several processes may write at a time: one of theirs is there.
  static void write_beside_others(const std::filesystem::path& path,
                                  const std::function<void(File&)>& fill);

  /// Flushes and closes, and says so if either fails (the destructor cannot).
  void close();

 private:
  using Group::Group;

  static void write_through(const std::filesystem::path& temporary,
                            const std::filesystem::path& path,
                            const std::function<void(File&)>& fill);
};

}  // namespace mlrun::store
