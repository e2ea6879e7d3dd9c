// Inside lib/store only: checked calls, and HDF5's types behind the names of hdf5.h.
#pragma once

#include <hdf5.h>

#include <functional>
#include <string>
#include <vector>

#include "store/hdf5.h"

namespace mlrun::store {

/// Before anything else. HDF5 prints its errors to stderr unless told not to; and at the end of the
/// process it would close what could not be written, and crash.
void tame_hdf5();

/// HDF5's message closest to the cause of the call that has just failed.
std::string innermost_message();

/// "'FILE' /group/object", or "'FILE'" of its root; `path` is relative to the object `location`.
/// Clears HDF5's messages.
std::string describe(hid_t location, const std::string& path);

/// Throws Hdf5Error "'FILE' OBJECT: ACTION: <innermost message>".
[[noreturn]] void throw_hdf5(hid_t location, const std::string& path, const std::string& action);

/// Whether numbers of this type are as wide as those of a machine, with all their parts inside.
/// HDF5 does not look: it converts what a damaged file says beyond the ends of its buffers.
bool is_of_machine(hid_t type);

/// Bytes of the file that `id` is an object of.
int64_t file_bytes(hid_t id);

/// Owns `id`, or throws when it is negative.
Handle owned(hid_t id, hid_t location, const std::string& path, const char* action);

/// The type of T (float, double, int32_t, int64_t, uint8_t) in memory.
template <class T>
hid_t native_type();
template <>
hid_t native_type<float>();
template <>
hid_t native_type<double>();
template <>
hid_t native_type<int32_t>();
template <>
hid_t native_type<int64_t>();
template <>
hid_t native_type<uint8_t>();

/// Variable-length UTF-8.
Handle text_type();

/// A data space of `shape`; a scalar for {}.
Handle make_space(const Extent& shape);
Extent extent_of(hid_t space);

ElementKind kind_of(hid_t type);

/// Reads `count` strings stored as `type` (fixed or variable length): `fill(memory type, buffer)`
/// is the H5Dread or H5Aread. Returns false if that failed.
bool read_text(hid_t type, int64_t count, const std::function<herr_t(hid_t, void*)>& fill,
               std::vector<std::string>& out);

/// Pointers to the texts, as HDF5 writes them.
std::vector<const char*> pointers_to(std::span<const std::string> texts);

}  // namespace mlrun::store
