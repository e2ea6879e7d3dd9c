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

#include <functional>
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
    kComponent,
    kComponentList
  };
  Kind kind = Kind::kValue;
  const FieldList* spec = nullptr;  ///< of kSpec
  std::string_view catalog;         ///< of kComponent and kComponentList
};

struct Field {
  std::string name;
  std::string doc;
  std::string type;        ///< "int", "float", "string", "list of int", "optimizer", ...
  std::string constraint;  ///< "at least 1", or ""
  bool required = false;
  FieldForm form;
  std::function<void(void* spec, const Node&, Reader&)> read;
  std::function<Node(const void* spec)> write;
};

/// A check on one value: nullopt-like empty text when it holds, else what must be ("at least 1").
struct Check {
  std::function<bool(double)> holds;
  std::string text;
};

Check at_least(double bound);
Check count();  ///< [1, 2^31): of what becomes a dimension
Check above(double bound);
Check between(double low, double high);  ///< both ends included
Check fraction();                        ///< [0, 1)

struct Required {};
inline constexpr Required required{};

class FieldList {
 public:
  FieldList(std::string name, std::string doc) : name_(std::move(name)), doc_(std::move(doc)) {}

  const std::string& name() const { return name_; }
  const std::string& doc() const { return doc_; }
  const std::vector<Field>& fields() const { return fields_; }
  const Field* find(std::string_view name) const;
  std::vector<std::string> names() const;

  /// What to say about a key that is none of these: "; did you mean 'units'?", "; it belongs in
  /// train", or which keys there are.
  std::string hint(std::string_view key) const;

  /// Reads a map into `spec`; unknown keys, missing required keys and bad values are errors.
  void read(void* spec, const Node& node, Reader& reader) const;

  /// Every field with its present value, defaults included; nulls are left out.
  Node write(const void* spec) const;

 protected:
  std::string name_;
  std::string doc_;
  std::vector<Field> fields_;
};

/// Reads and writes one C++ type. Specialised in config/codec.h.
///   static void read(const Node&, Reader&, std::string_view field, T& out);
///   static Node write(const T&);
///   static std::string type();
///   static FieldForm form();
template <class T>
struct Codec;

/// Builds the list of `Spec` field by field.
template <class Spec>
class FieldListOf : public FieldList {
 public:
  using FieldList::FieldList;
  explicit FieldListOf(const FieldList& begin) : FieldList(begin) {}

  template <class T, class Owner, class... Options>
  FieldListOf& field(std::string name, T Owner::*member, std::string doc, Options... options) {
    Field field;
    field.name = name;
    field.doc = std::move(doc);
    field.type = Codec<T>::type();
    field.form = Codec<T>::form();
    std::vector<Check> checks;
    (apply(field, checks, options), ...);
    for (const Check& check : checks) {
      field.constraint += (field.constraint.empty() ? "" : ", ") + check.text;
    }
    field.read = [name, member, checks](void* spec, const Node& node, Reader& reader) {
      T& out = static_cast<Spec*>(spec)->*member;
      const size_t errors = reader.diagnostics.size();
      Codec<T>::read(node, reader, name, out);
      if (errors != reader.diagnostics.size()) return;
      for (const Check& check : checks) check_value(check, name, node, out, reader);
    };
    field.write = [member](const void* spec) {
      return Codec<T>::write(static_cast<const Spec*>(spec)->*member);
    };
    fields_.push_back(std::move(field));
    return *this;
  }

 private:
  static void apply(Field& field, std::vector<Check>&, Required) { field.required = true; }
  static void apply(Field&, std::vector<Check>& checks, Check check) { checks.push_back(check); }

  template <class T>
  static void check_value(const Check& check, const std::string& name, const Node& node,
                          const T& value, Reader& reader) {
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
};

/// "name must be a whole number, not 'many'".
void wrong_type(const Node& node, Reader& reader, std::string_view field, std::string_view want);

}  // namespace mlrun::config
