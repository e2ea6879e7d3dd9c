// Components: things chosen by name in the experiment file (layers, losses, optimisers, ...).
//
// A component is written as a bare name (`Adam`), as a name with fields
// (`{Adam: {learning_rate: 0.01}}`), or as a name with the value of its first field (`{L2: 1e-4}`).
// Names are compared without case and underscores: `glorot_uniform` finds GlorotUniform.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/fields.h"

namespace mlrun::config {

/// Base of everything a catalog can make. Immutable once read.
class Component {
 public:
  virtual ~Component() = default;

  /// What is wrong with values that are right each by itself, behind the component's name: "needs
  /// ...", or "".
  virtual std::string contradiction() const { return ""; }
};

struct ComponentType {
  std::string name;  ///< as Keras or scikit-learn spells it
  const FieldList* fields = nullptr;
  std::function<std::pair<std::shared_ptr<Component>, void*>()> make;
  std::vector<std::string> aliases;  ///< further names that find it ("mse")
};

/// All components of one kind ("layer", "optimizer", ...).
class Catalog {
 public:
  explicit Catalog(std::string kind) : kind_(std::move(kind)) {}

  /// Adds T, which has a static fields() whose name is the component's name.
  template <class T>
  Catalog& add(std::vector<std::string> aliases = {}) {
    return add_with_fields<T>(T::fields(), std::move(aliases));
  }

  /// The same with another field list than its own, which must live as long as the catalog.
  template <class T>
  Catalog& add_with_fields(const FieldList& fields, std::vector<std::string> aliases = {}) {
    types_.push_back({fields.name(), &fields,
                      [] {
                        auto object = std::make_shared<T>();
                        void* address = object.get();
                        return std::pair<std::shared_ptr<Component>, void*>(std::move(object),
                                                                            address);
                      },
                      std::move(aliases)});
    return *this;
  }

  /// Adds a component without fields.
  Catalog& add_plain(std::string name, std::string doc,
                     std::function<std::shared_ptr<Component>()> make,
                     std::vector<std::string> aliases = {});

  const std::string& kind() const { return kind_; }
  const std::vector<ComponentType>& types() const { return types_; }
  const ComponentType* find(std::string_view name) const;
  std::vector<std::string> names() const;

 private:
  std::string kind_;
  std::vector<ComponentType> types_;
  std::vector<std::shared_ptr<FieldList>> plain_;  ///< field lists of add_plain
};

/// Every catalog the program knows, by kind.
struct Catalogs {
  std::map<std::string, const Catalog*, std::less<>> by_kind;

  const Catalog& at(std::string_view kind) const;
  void add(const Catalog& catalog) { by_kind[catalog.kind()] = &catalog; }
};

/// A component that was chosen, with what was written about it.
struct AnyRef {
  std::shared_ptr<const Component> object;
  const ComponentType* type = nullptr;
  const void* spec = nullptr;  ///< the object as its field list sees it
  Mark mark;                   ///< of the name

  explicit operator bool() const { return object != nullptr; }

  template <class T>
  const T& as() const {
    return dynamic_cast<const T&>(*object);
  }
};

/// A field that holds a component of the kind K::kName.
template <class K>
struct Ref : AnyRef {};

void read_component(const Node& node, Reader& reader, std::string_view kind, AnyRef& out);
Node write_component(const AnyRef& ref);

}  // namespace mlrun::config
