// Attributes of groups.
#include <type_traits>

#include "store/hdf5_call.h"

namespace mlrun::store {
namespace {

struct AttributeData {
  hid_t type;
  Extent shape;
  const void* values;
};

void write_attribute(hid_t group, const std::string& name, const AttributeData& data) {
  const Handle space = make_space(data.shape);
  const Handle attribute =
      owned(H5Acreate2(group, name.c_str(), data.type, space.get(), H5P_DEFAULT, H5P_DEFAULT),
            group, "@" + name, "create attribute");
  if (element_count(data.shape) == 0) return;  // H5Awrite wants a buffer even for nothing
  if (H5Awrite(attribute.get(), data.type, data.values) < 0) {
    throw_hdf5(group, "@" + name, "write attribute");
  }
}

void write_texts(hid_t group, const std::string& name, const Extent& shape,
                 std::span<const std::string> texts) {
  const Handle type = text_type();
  write_attribute(group, name, {type.get(), shape, pointers_to(texts).data()});
}

template <class T>
Extent vector_shape(const std::vector<T>& values) {
  return {static_cast<int64_t>(values.size())};
}

// One overload per alternative of Attribute.
struct Writer {
  hid_t group;
  const std::string& name;

  void operator()(double value) const {
    write_attribute(group, name, {H5T_NATIVE_DOUBLE, {}, &value});
  }
  void operator()(int64_t value) const {
    write_attribute(group, name, {H5T_NATIVE_INT64, {}, &value});
  }
  void operator()(const std::string& text) const { write_texts(group, name, {}, {&text, 1}); }
  void operator()(const std::vector<std::string>& texts) const {
    write_texts(group, name, vector_shape(texts), texts);
  }
  template <class T>
  void operator()(const std::vector<T>& values) const {
    write_attribute(group, name, {native_type<T>(), vector_shape(values), values.data()});
  }
};

template <class T>
Attribute one_or_all(std::vector<T> values, bool scalar) {
  if (scalar) return std::move(values.front());
  return values;
}

// Reads one attribute into `out`; those of other kinds are left out.
struct Reader {
  hid_t attribute;
  Extent shape;
  hid_t type;

  template <class T>
  bool numbers(Attribute& out) const {
    std::vector<T> values(static_cast<size_t>(element_count(shape)));
    if (!values.empty() && H5Aread(attribute, native_type<T>(), values.data()) < 0) return false;
    out = one_or_all(std::move(values), shape.empty());
    return true;
  }

  bool texts(Attribute& out) const {
    std::vector<std::string> values;
    const auto fill = [&](hid_t memory, void* buffer) {
      return H5Aread(attribute, memory, buffer);
    };
    if (!read_text(type, element_count(shape), fill, values)) return false;
    out = one_or_all(std::move(values), shape.empty());
    return true;
  }

  bool read(Attribute& out) const {
    switch (kind_of(type)) {
      case ElementKind::kFloat:
        return numbers<double>(out);
      case ElementKind::kInteger:
        return numbers<int64_t>(out);
      case ElementKind::kText:
        return texts(out);
      case ElementKind::kOther:
        break;
    }
    return false;
  }
};

herr_t add_attribute(hid_t group, const char* name, const H5A_info_t*, void* out) {
  const Handle attribute(H5Aopen(group, name, H5P_DEFAULT));
  const Handle type(H5Aget_type(attribute.get()));
  const Handle space(H5Aget_space(attribute.get()));
  Attribute value;
  if (Reader{attribute.get(), extent_of(space.get()), type.get()}.read(value)) {
    static_cast<Attributes*>(out)->emplace_back(name, std::move(value));
  }
  return 0;
}

}  // namespace

void Group::set_attribute(const std::string& name, const Attribute& value) {
  std::visit(Writer{handle_.get(), name}, value);
}

Attributes Group::attributes() const {
  Attributes found;
  const hid_t self = handle_.get();
  // Falls back to the order of the names where the file does not keep the order of creation.
  if (H5Aiterate2(self, H5_INDEX_CRT_ORDER, H5_ITER_INC, nullptr, add_attribute, &found) < 0) {
    throw_hdf5(self, "", "list attributes");
  }
  return found;
}

}  // namespace mlrun::store
