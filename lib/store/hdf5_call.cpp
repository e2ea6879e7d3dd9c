#include "store/hdf5_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string_view>

#include "base/error.h"

namespace mlrun::store {
namespace {

herr_t keep_first(unsigned index, const H5E_error2_t* error, void* out) {
  if (index == 0 && error->desc != nullptr) *static_cast<std::string*>(out) = error->desc;
  return 0;
}

template <class Get>
std::string name_from(Get get) {
  const ssize_t length = get(nullptr, 0);
  if (length <= 0) return "";
  std::string name(static_cast<size_t>(length) + 1, '\0');
  get(name.data(), name.size());
  name.pop_back();
  return name;
}

bool read_variable(hid_t type, int64_t count, const std::function<herr_t(hid_t, void*)>& fill,
                   std::vector<std::string>& out) {
  std::vector<char*> texts(static_cast<size_t>(count), nullptr);
  if (fill(type, texts.data()) < 0) return false;
  for (char* text : texts) {
    out.emplace_back(text == nullptr ? "" : text);
    H5free_memory(text);
  }
  return true;
}

bool read_fixed(hid_t type, int64_t count, const std::function<herr_t(hid_t, void*)>& fill,
                std::vector<std::string>& out) {
  const size_t width = H5Tget_size(type);
  const bool spaces = H5Tget_strpad(type) == H5T_STR_SPACEPAD;
  std::vector<char> buffer(width * static_cast<size_t>(count));
  if (fill(type, buffer.data()) < 0) return false;
  for (size_t at = 0; at < buffer.size(); at += width) {
    std::string text(&buffer[at], width);
    text.resize(std::min(text.find('\0'), text.size()));
    if (spaces) text.resize(text.find_last_not_of(' ') + 1);
    out.push_back(std::move(text));
  }
  return true;
}

}  // namespace

void tame_hdf5() {
  H5dont_atexit();
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

std::string innermost_message() {
  std::string message = "unknown HDF5 error";
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &message);
  // Of a call to the system only its own words: the rest are addresses and sizes.
  constexpr std::string_view kOfSystem = "error message = '";
  const size_t begin = message.find(kOfSystem);
  if (begin == message.npos) return message;
  message.erase(0, begin + kOfSystem.size());
  return message.substr(0, message.find('\''));
}

std::string describe(hid_t location, const std::string& path) {
  const std::string file =
      name_from([&](char* buffer, size_t size) { return H5Fget_name(location, buffer, size); });
  std::string object =
      name_from([&](char* buffer, size_t size) { return H5Iget_name(location, buffer, size); });
  if (!path.empty()) object += (object.ends_with('/') || path.starts_with('/') ? "" : "/") + path;
  return fmt::format("'{}'{}{}", file, object == "/" ? "" : " ", object == "/" ? "" : object);
}

void throw_hdf5(hid_t location, const std::string& path, const std::string& action) {
  const std::string cause = innermost_message();
  throw Hdf5Error(fmt::format("{}: {}", describe(location, path), action), cause);
}

Handle owned(hid_t id, hid_t location, const std::string& path, const char* action) {
  if (id < 0) throw_hdf5(location, path, action);
  return Handle(id);
}

template <>
hid_t native_type<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
hid_t native_type<double>() {
  return H5T_NATIVE_DOUBLE;
}
template <>
hid_t native_type<int32_t>() {
  return H5T_NATIVE_INT32;
}
template <>
hid_t native_type<int64_t>() {
  return H5T_NATIVE_INT64;
}
template <>
hid_t native_type<uint8_t>() {
  return H5T_NATIVE_UINT8;
}

Handle text_type() {
  Handle type(H5Tcopy(H5T_C_S1));
  H5Tset_size(type.get(), H5T_VARIABLE);
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  return type;
}

Handle make_space(const Extent& shape) {
  if (shape.empty()) return Handle(H5Screate(H5S_SCALAR));
  const std::vector<hsize_t> sizes(shape.begin(), shape.end());
  return Handle(H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr));
}

Extent extent_of(hid_t space) {
  if (H5Sget_simple_extent_type(space) == H5S_NULL) return {0};
  std::vector<hsize_t> sizes(static_cast<size_t>(std::max(0, H5Sget_simple_extent_ndims(space))));
  H5Sget_simple_extent_dims(space, sizes.data(), nullptr);
  return {sizes.begin(), sizes.end()};
}

ElementKind kind_of(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_FLOAT:
      return ElementKind::kFloat;
    case H5T_INTEGER:
    case H5T_ENUM:
      return ElementKind::kInteger;
    case H5T_STRING:
      return ElementKind::kText;
    default:
      return ElementKind::kOther;
  }
}

bool is_of_machine(hid_t type) {
  const ElementKind kind = kind_of(type);
  if (kind != ElementKind::kFloat && kind != ElementKind::kInteger) return true;
  const size_t bytes = H5Tget_size(type);
  const size_t bits = H5Tget_precision(type);
  if (bytes == 0 || bytes > 8 || (bytes & (bytes - 1)) != 0 || bits == 0) return false;
  const int offset = H5Tget_offset(type);
  if (offset < 0 || static_cast<size_t>(offset) + bits > 8 * bytes) return false;
  if (kind == ElementKind::kInteger) return true;
  size_t sign = 0, exponent = 0, exponent_bits = 0, mantissa = 0, mantissa_bits = 0;
  H5Tget_fields(type, &sign, &exponent, &exponent_bits, &mantissa, &mantissa_bits);
  return sign < bits && exponent + exponent_bits <= bits && mantissa + mantissa_bits <= bits;
}

int64_t file_bytes(hid_t id) {
  const Handle file(H5Iget_file_id(id));
  hsize_t bytes = 0;
  H5Fget_filesize(file.get(), &bytes);
  return static_cast<int64_t>(bytes);
}

bool read_text(hid_t type, int64_t count, const std::function<herr_t(hid_t, void*)>& fill,
               std::vector<std::string>& out) {
  if (count == 0) return true;
  out.reserve(out.size() + static_cast<size_t>(count));
  return H5Tis_variable_str(type) > 0 ? read_variable(type, count, fill, out)
                                      : read_fixed(type, count, fill, out);
}

std::vector<const char*> pointers_to(std::span<const std::string> texts) {
  std::vector<const char*> pointers;
  pointers.reserve(texts.size());
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  return pointers;
}

}  // namespace mlrun::store
