// Reading and writing arrays.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "store/hdf5_call.h"

namespace mlrun::store {
namespace {

// Deflate works on whole chunks, and HDF5 keeps 1 MiB of them decompressed per data set.
constexpr int64_t kPackAbove = 64 << 10;
constexpr int64_t kChunkBytes = 256 << 10;

std::vector<hsize_t> chunk_shape(const Extent& shape, int64_t element_bytes) {
  Extent chunk = shape;
  for (int64_t& size : chunk) {
    while (size > 1 && element_count(chunk) * element_bytes > kChunkBytes) size = (size + 1) / 2;
  }
  return {chunk.begin(), chunk.end()};
}

Handle array_creation(const Extent& shape, int64_t element_bytes, Packing packing) {
  Handle creation(H5Pcreate(H5P_DATASET_CREATE));
  if (packing == Packing::kPlain || shape.empty()) return creation;
  if (element_count(shape) * element_bytes <= kPackAbove) return creation;
  const std::vector<hsize_t> chunk = chunk_shape(shape, element_bytes);
  H5Pset_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data());
  H5Pset_shuffle(creation.get());
  H5Pset_deflate(creation.get(), 1);
  return creation;
}

struct NewArray {
  const std::string& path;
  const Extent& shape;
  hid_t type;
  Packing packing;
};

void write_array(hid_t location, const NewArray& array, const void* values) {
  const Handle space = make_space(array.shape);
  const Handle creation =
      array_creation(array.shape, static_cast<int64_t>(H5Tget_size(array.type)), array.packing);
  const Handle data = owned(H5Dcreate2(location, array.path.c_str(), array.type, space.get(),
                                       H5P_DEFAULT, creation.get(), H5P_DEFAULT),
                            location, array.path, "create data set");
  if (H5Dwrite(data.get(), array.type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0) {
    throw_hdf5(data.get(), "", "write");
  }
}

void check_count(hid_t location, const std::string& path, const Extent& shape, size_t given) {
  if (element_count(shape) == static_cast<int64_t>(given)) return;
  throw Error(fmt::format("{}: {} values for a shape of {}", describe(location, path), given,
                          element_count(shape)));
}

// Selects rows [begin, begin + count) of the file space; a scalar is one row.
void select_rows(hid_t space, const Extent& shape, int64_t begin, int64_t count) {
  if (shape.empty()) return;
  std::vector<hsize_t> start(shape.size(), 0);
  std::vector<hsize_t> size(shape.begin(), shape.end());
  start[0] = static_cast<hsize_t>(begin);
  size[0] = static_cast<hsize_t>(count);
  H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, size.data(), nullptr);
}

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos || slash == 0 ? "" : path.substr(0, slash);
}

// Of the bytes that a file of this size may stand for, however well it is packed; what is more than
// that comes of a damaged extent, and would be read as zeros for days.
double most_bytes(hid_t array) {
  constexpr double kBestPacking = 1e5;
  return kBestPacking * static_cast<double>(file_bytes(array));
}

// A window on some rows of an array, ready for H5Dread.
class RowSelection {
 public:
  RowSelection(hid_t array, const ArrayInfo& info, int64_t begin, int64_t count)
      : array_(array), file_(H5Dget_space(array)) {
    if (begin < 0 || count < 0 || begin + count > info.rows()) {
      throw Error(fmt::format("{}: rows {} to {} asked for, {} there", describe(array, ""), begin,
                              begin + count, info.rows()));
    }
    size_ = info.row_size() * count;
    select_rows(file_.get(), info.shape, begin, count);
    memory_ = make_space({size_});
  }

  int64_t size() const { return size_; }
  herr_t read(hid_t type, void* out) const {
    return H5Dread(array_, type, memory_.get(), file_.get(), H5P_DEFAULT, out);
  }

 private:
  hid_t array_;
  Handle file_, memory_;
  int64_t size_ = 0;
};

}  // namespace

Array::Array(Handle handle) : handle_(std::move(handle)) {
  const Handle type(H5Dget_type(handle_.get()));
  const Handle space(H5Dget_space(handle_.get()));
  info_.shape = extent_of(space.get());
  info_.kind = kind_of(type.get());
  info_.element_bytes = static_cast<int64_t>(H5Tget_size(type.get()));
  const double bytes = static_cast<double>(info_.size()) * static_cast<double>(info_.element_bytes);
  if (bytes > most_bytes(handle_.get())) {
    throw Hdf5Error(describe(handle_.get(), ""),
                    fmt::format("{:.3g} elements in a file of {} bytes",
                                static_cast<double>(info_.size()), file_bytes(handle_.get())));
  }
  if (!is_of_machine(type.get())) {
    throw Hdf5Error(describe(handle_.get(), ""),
                    fmt::format("numbers of {} bytes, {} bits of which count", info_.element_bytes,
                                H5Tget_precision(type.get())));
  }
}

template <class T>
void Array::read_rows(int64_t begin, int64_t count, std::span<T> out) const {
  if (info_.kind != ElementKind::kFloat && info_.kind != ElementKind::kInteger) {
    throw Error(describe(handle_.get(), "") + ": not numeric");
  }
  const RowSelection rows(handle_.get(), info_, begin, count);
  check_count(handle_.get(), "", {rows.size()}, out.size());
  if (rows.size() == 0) return;
  if (rows.read(native_type<T>(), out.data()) < 0) throw_hdf5(handle_.get(), "", "read");
}

template <class T>
std::vector<T> Array::read() const {
  std::vector<T> values(static_cast<size_t>(info_.size()));
  read_rows<T>(0, info_.rows(), values);
  return values;
}

std::vector<std::string> Array::read_strings(int64_t begin, int64_t count) const {
  if (info_.kind != ElementKind::kText) throw Error(describe(handle_.get(), "") + ": not text");
  const Handle type(H5Dget_type(handle_.get()));
  const RowSelection rows(handle_.get(), info_, begin, count);
  std::vector<std::string> texts;
  const auto fill = [&](hid_t memory, void* buffer) { return rows.read(memory, buffer); };
  if (!read_text(type.get(), rows.size(), fill, texts)) throw_hdf5(handle_.get(), "", "read");
  return texts;
}

std::vector<std::string> Array::read_strings() const { return read_strings(0, info_.rows()); }

template <class T>
void Group::write(const std::string& path, const Extent& shape, std::span<const T> values,
                  Packing packing) {
  check_count(handle_.get(), path, shape, values.size());
  if (const std::string parent = parent_of(path); !parent.empty()) make_group(parent);
  write_array(handle_.get(), {path, shape, native_type<T>(), packing}, values.data());
}

void Group::write_strings(const std::string& path, const Extent& shape,
                          std::span<const std::string> values) {
  check_count(handle_.get(), path, shape, values.size());
  if (const std::string parent = parent_of(path); !parent.empty()) make_group(parent);
  const Handle type = text_type();
  const std::vector<const char*> texts = pointers_to(values);
  // Deflate would see the references to the texts, not the texts.
  write_array(handle_.get(), {path, shape, type.get(), Packing::kPlain}, texts.data());
}

#define MLRUN_ELEMENT(T)                                                   \
  template void Array::read_rows<T>(int64_t, int64_t, std::span<T>) const; \
  template std::vector<T> Array::read<T>() const;                          \
  template void Group::write<T>(const std::string&, const Extent&, std::span<const T>, Packing);
MLRUN_ELEMENT(float)
MLRUN_ELEMENT(double)
MLRUN_ELEMENT(int32_t)
MLRUN_ELEMENT(int64_t)
MLRUN_ELEMENT(uint8_t)
#undef MLRUN_ELEMENT

}  // namespace mlrun::store
