// One field list per spec: the single truth for parsing, defaults, ranges, suggestions, help, the
// resolved dump and overrides by path.
//
//   struct EarlyStopping {
//     std::string monitor = "val_loss";
//     int64_t patience = 0;
//     static const FieldList& fields() {
//       static const FieldList list =
//           FieldListOf<EarlyStopping>("early_stopping", "Stop when a quantity stops improving.")
//               .field("monitor", &EarlyStopping::monitor, "quantity to watch")
//               .field("patience", &EarlyStopping::patience, "epochs without improvement",
//                      at_least(0));
//       return list;
//     }
//   };
//
// A struct with such a `fields()` can be a field of another struct. How a C++ type is read and
// written is its Codec (config/codec.h).
#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/source.h"
#include "config/node.h"

namespace mlrun::config {

class FieldList;
struct Catalogs;

/// Goes along while a tree is read: collects errors, knows the component catalogs.
struct Reader {
  Diagnostics& diagnostics;
  const Catalogs& catalogs;

  void error(const Mark& mark, std::string message) { diagnostics.error(mark, std::move(message)); }
};

/// What can stand under a field, so that a path such as model.0.units can be followed.
struct FieldForm {
  enum class Kind {
    kValue,
    kMap,  ///< of keys that are free; they may hold dots
    kSpec,
    kSpecMap,  ///< of keys that are free to such specs
    kComponent,
    kComponentList
  };
  Kind kind = Kind::kValue;
  const FieldList* spec = nullptr;  ///< of kSpec and kSpecMap
  std::string_view catalog;         ///< of kComponent and kComponentList
};

/// Copied and destroyed in fields.cpp: in the lists of all layers that would be a lot of code.
struct Field {
  Field();
  Field(const Field&);
  Field(Field&&) noexcept;
  ~Field();

  std::string name;
  std::string doc;
  std::string type;        ///< "int", "float", "string", "list of int", "optimizer", ...
  std::string constraint;  ///< "at least 1", or ""
  bool required = false;
  FieldForm form;
  std::ptrdiff_t offset = 0;  ///< of the member in its spec, bytes
  std::function<void(void* member, const Node&, Reader&)> read_member;
  std::function<Node(const void* member)> write_member;

  void read(void* spec, const Node& node, Reader& reader) const {
    read_member(static_cast<std::byte*>(spec) + offset, node, reader);
  }
  Node write(const void* spec) const {
    return write_member(static_cast<const std::byte*>(spec) + offset);
  }
};

/// A check on one value: nullopt-like empty text when it holds, else what must be ("at least 1").
struct Check {
  std::function<bool(double)> holds;
  std::string text;
};

Check at_least(double bound);
Check count(int least = 1);  ///< [least, 2^31): of what becomes a dimension
Check above(double bound);
Check between(double low, double high);  ///< both ends included
Check fraction();                        ///< [0, 1)
Check float_fraction();                  ///< the same as float32, to which 1 - 1e-8 is 1

struct Required {};
inline constexpr Required required{};

/// What can be said of a field behind its documentation.
struct Rule {
  explicit Rule(Required);
  explicit Rule(const Check& c);
  Rule(const Rule&);
  ~Rule();

  bool required = false;
  Check check;
};

class FieldList {
 public:
  FieldList(std::string name, std::string doc);
  FieldList(const FieldList&);
  ~FieldList();

  const std::string& name() const { return name_; }
  const std::string& doc() const { return doc_; }
  const std::vector<Field>& fields() const { return fields_; }
  const Field* find(std::string_view name) const;
  std::vector<std::string> names() const;

  /// These fields, then those of a base class, which must be the first of the spec.
  FieldList with(const FieldList& base) const;

  /// The field whose value may stand for the whole: the first, unless it is of a base class. Or
  /// null.
  const Field* shorthand() const;

  /// What to say about a key that is none of these: "; did you mean 'units'?", "; it belongs in
  /// train", or which keys there are.
  std::string hint(std::string_view key) const;

  /// Reads a map into `spec`; unknown keys, missing required keys and bad values are errors.
  void read(void* spec, const Node& node, Reader& reader) const;

  /// Every field with its present value, defaults included; nulls are left out.
  Node write(const void* spec) const;

 protected:
  void add(Field&& field);

 private:
  std::string name_;
  std::string doc_;
  std::vector<Field> fields_;
  size_t of_base_ = 0;  ///< the last of fields_
};

/// Reads and writes one C++ type. Specialised in config/codec.h.
///   static void read(const Node&, Reader&, std::string_view field, T& out);
///   static Node write(const T&);
///   static std::string type();
///   static FieldForm form();
template <class T>
struct Codec;

template <class T>
void check_value(const Check& check, const std::string& name, const Node& node, const T& value,
                 Reader& reader) {
  if constexpr (std::is_arithmetic_v<T>) {
    if (!check.holds(static_cast<double>(value))) {
      reader.error(node.mark, name + " must be " + check.text + ", not " + node.scalar);
    }
  } else if constexpr (requires { value.has_value(); }) {
    if (value) check_value(check, name, node, *value, reader);
  } else if constexpr (requires { value[0]; }) {
    for (size_t i = 0; i < value.size(); ++i) {
      const Node& item = node.is_sequence() ? node.items[i] : node;
      check_value(check, name, item, value[i], reader);
    }
  }
}

/// Makes fields of the type T. Knows nothing of the spec, so that it is compiled once for each T:
/// the types that are common are declared `extern template` where their codec is.
template <class T>
struct FieldOf {
  static Field make(const std::string& name, const char* doc, std::ptrdiff_t offset,
                    std::initializer_list<Rule> rules);
};

template <class T>
Field FieldOf<T>::make(const std::string& name, const char* doc, std::ptrdiff_t offset,
                       std::initializer_list<Rule> rules) {
  Field field;
  field.name = name;
  field.doc = doc;
  field.type = Codec<T>::type();
  field.form = Codec<T>::form();
  field.offset = offset;
  std::vector<Check> checks;
  for (const Rule& rule : rules) {
    field.required |= rule.required;
    if (rule.check.holds) checks.push_back(rule.check);
  }
  for (const Check& check : checks) {
    field.constraint += (field.constraint.empty() ? "" : ", ") + check.text;
  }
  field.read_member = [name, checks](void* member, const Node& node, Reader& reader) {
    T& out = *static_cast<T*>(member);
    const size_t errors = reader.diagnostics.size();
    Codec<T>::read(node, reader, name, out);
    if (errors != reader.diagnostics.size()) return;
    for (const Check& check : checks) check_value(check, name, node, out, reader);
  };
  field.write_member = [](const void* member) {
    return Codec<T>::write(*static_cast<const T*>(member));
  };
  return field;
}

/// Builds the list of `Spec` field by field.
template <class Spec>
class FieldListOf : public FieldList {
 public:
  using FieldList::FieldList;

  template <class T, class Owner, class... Rules>
  FieldListOf& field(const char* name, T Owner::*member, const char* doc, const Rules&... rules) {
    add(FieldOf<T>::make(name, doc, offset_of(member), {Rule(rules)...}));
    return *this;
  }

 private:
  // No spec has a virtual base, so a member lies at the same place in every object.
  template <class T, class Owner>
  static std::ptrdiff_t offset_of(T Owner::*member) {
    alignas(Spec) static std::byte room[sizeof(Spec)];
    const auto* spec = reinterpret_cast<const Spec*>(room);
    return reinterpret_cast<const std::byte*>(&(spec->*member)) - room;
  }
};

/// "name must be a whole number, not 'many'".
void wrong_type(const Node& node, Reader& reader, std::string_view field, std::string_view want);

}  // namespace mlrun::config
