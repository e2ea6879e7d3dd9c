#include "store/hdf5.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/pending_file.h"
#include "store/hdf5_call.h"
#include "tensor/shape.h"

namespace mlrun::store {
namespace {

constexpr unsigned kKeepOrder = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;

Handle without_locks() {
  Handle access(H5Pcreate(H5P_FILE_ACCESS));
  H5Pset_file_locking(access.get(), false, true);
  return access;
}

Handle in_creation_order(hid_t list_class) {
  Handle creation(H5Pcreate(list_class));
  H5Pset_link_creation_order(creation.get(), kKeepOrder);
  H5Pset_attr_creation_order(creation.get(), kKeepOrder);
  return creation;
}

bool keeps_order(hid_t group) {
  const Handle creation(H5Gget_create_plist(group));
  unsigned flags = 0;
  H5Pget_link_creation_order(creation.get(), &flags);
  return (flags & H5P_CRT_ORDER_INDEXED) != 0;
}

// A dangling link is no member.
herr_t add_member(hid_t group, const char* name, const H5L_info_t* link, void* out) {
  H5O_info_t info;
  if (H5Oget_info_by_name2(group, name, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0) {
    return link->type == H5L_TYPE_HARD ? -1 : 0;
  }
  if (info.type == H5O_TYPE_GROUP || info.type == H5O_TYPE_DATASET) {
    static_cast<std::vector<Group::Member>*>(out)->push_back({name, info.type == H5O_TYPE_GROUP});
  }
  return 0;
}

}  // namespace

Hdf5Error::Hdf5Error(const std::string& what, std::string reason)
    : Error(what + ": " + reason), reason_(std::move(reason)) {}

std::string hdf5_version() {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned release = 0;
  tame_hdf5();
  H5get_libversion(&major, &minor, &release);
  return fmt::format("HDF5 {}.{}.{}", major, minor, release);
}

int64_t element_count(std::span<const int64_t> shape) {
  int64_t count = 1;
  for (const int64_t size : shape) count = capped_product(count, size);
  return count;
}

Handle& Handle::operator=(Handle&& other) noexcept {
  if (this != &other) {
    reset();
    id_ = other.release();
  }
  return *this;
}

void Handle::reset() {
  if (id_ >= 0) H5Idec_ref(id_);
  id_ = -1;
}

std::vector<Group::Member> Group::members() const {
  // The identifier of a file stands for its root group everywhere but in H5Gget_create_plist.
  const Handle self(H5Gopen2(handle_.get(), ".", H5P_DEFAULT));
  std::vector<Member> found;
  const H5_index_t order = keeps_order(self.get()) ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
  if (H5Literate(self.get(), order, H5_ITER_INC, nullptr, add_member, &found) < 0) {
    throw_hdf5(handle_.get(), "", "list");
  }
  return found;
}

bool Group::contains(const std::string& path) const {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    if (H5Lexists(handle_.get(), path.substr(0, end).c_str(), H5P_DEFAULT) <= 0) return false;
    if (end == std::string::npos) return true;
  }
}

Group Group::group(const std::string& path) const {
  return Group(
      owned(H5Gopen2(handle_.get(), path.c_str(), H5P_DEFAULT), handle_.get(), path, "open group"));
}

Array Group::array(const std::string& path) const {
  return Array(owned(H5Dopen2(handle_.get(), path.c_str(), H5P_DEFAULT), handle_.get(), path,
                     "open data set"));
}

Group Group::make_group(const std::string& path) {
  if (path == "/" || contains(path)) return group(path);
  const Handle creation = in_creation_order(H5P_GROUP_CREATE);
  const size_t slash = path.rfind('/');
  if (slash != std::string::npos && slash > 0) make_group(path.substr(0, slash));
  return Group(
      owned(H5Gcreate2(handle_.get(), path.c_str(), H5P_DEFAULT, creation.get(), H5P_DEFAULT),
            handle_.get(), path, "create group"));
}

File File::create(const std::filesystem::path& path) {
  tame_hdf5();
  const Handle creation = in_creation_order(H5P_FILE_CREATE);
  const Handle access = without_locks();
  Handle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()));
  if (file.get() < 0) {
    throw Hdf5Error(fmt::format("create '{}'", path.string()), innermost_message());
  }
  return File(std::move(file));
}

File File::open(const std::filesystem::path& path) {
  tame_hdf5();
  const Handle access = without_locks();
  Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()));
  if (file.get() < 0) {
    throw Hdf5Error(fmt::format("open '{}'", path.string()), innermost_message());
  }
  return File(std::move(file));
}

void File::write_atomically(const std::filesystem::path& path,
                            const std::function<void(File&)>& fill) {
  write_through(path.string() + ".tmp", path, fill);
}

void File::write_beside_others(const std::filesystem::path& path,
                               const std::function<void(File&)>& fill) {
  write_through(temporary_name(path), path, fill);
}

void File::write_through(const std::filesystem::path& temporary, const std::filesystem::path& path,
                         const std::function<void(File&)>& fill) {
  const PendingFile pending(temporary);
  try {
    File file = create(temporary);
    fill(file);
    file.close();
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw;
  }
  publish_file(temporary, path);
}

void File::close() {
  if (H5Fflush(handle_.get(), H5F_SCOPE_GLOBAL) < 0) throw_hdf5(handle_.get(), "", "write");
  const std::string name = describe(handle_.get(), "");
  if (H5Fclose(handle_.release()) < 0) {
    throw Hdf5Error(name + ": close", innermost_message());
  }
}

}  // namespace mlrun::store
