#include "config/catalog.h"

#include <fmt/format.h>

#include <cctype>

#include "base/error.h"
#include "base/suggest.h"

namespace mlrun::config {
namespace {

// Longer lists say less than where to look.
constexpr size_t kMostNamed = 20;

std::string folded(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c != '_') text += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return text;
}

// A map of fields, which one value alone may stand for.
Node as_fields(const Node& value, const ComponentType& type) {
  const Field* field = type.fields->shorthand();
  if (value.is_map() || value.is_null() || !field) return value;
  Node fields = Node::map();
  fields.mark = value.mark;
  fields.entries.push_back({field->name, value.mark, value});
  return fields;
}

// The usual slips of indentation: fields beside the name, and components without dashes.
void not_one_component(const Node& node, Reader& reader, const Catalog& catalog) {
  if (node.is_map() && node.entries.size() > 1) {
    const Entry& first = node.entries[0];
    const Entry& second = node.entries[1];
    const ComponentType* type = catalog.find(first.key);
    if (type && type->fields->find(second.key)) {
      return reader.error(second.key_mark,
                          fmt::format("'{}' must stand below {}, indented further, or within its "
                                      "braces",
                                      second.key, first.key));
    }
    if (type && catalog.find(second.key)) {
      return reader.error(second.key_mark,
                          fmt::format("expected one {0}; in a list each has a line that begins "
                                      "with '- '",
                                      catalog.kind()));
    }
  }
  const std::string found =
      node.is_map() ? fmt::format("a map of {} keys", node.entries.size()) : node.describe();
  reader.error(node.mark, fmt::format("expected one {0}, as `Name` or `Name: {{...}}`, not {1}",
                                      catalog.kind(), found));
}

// What may be meant by a name that the catalog does not have.
std::string hint_for(const std::string& name, const Catalog& catalog, const Catalogs& all) {
  for (const auto& [kind, other] : all.by_kind) {
    const ComponentType* type = other->find(name);
    if (!type) continue;
    const bool vowel = std::string_view("aeiou").find(kind.front()) != std::string_view::npos;
    return fmt::format("; '{0}' is {1} {2} ('mlrun help {2}')", type->name, vowel ? "an" : "a",
                       kind);
  }
  const std::vector<std::string> known = catalog.names();
  const std::string near = did_you_mean(name, known);
  if (!near.empty()) return near;
  if (known.size() > kMostNamed) return fmt::format("; 'mlrun help {}' lists them", catalog.kind());
  return fmt::format("; known: {}", fmt::join(known, ", "));
}

}  // namespace

Catalog& Catalog::add_plain(std::string name, std::string doc,
                            std::function<std::shared_ptr<Component>()> make,
                            std::vector<std::string> aliases) {
  plain_.push_back(std::make_shared<FieldList>(name, std::move(doc)));
  const auto make_pair = [make = std::move(make)] {
    return std::pair<std::shared_ptr<Component>, void*>(make(), nullptr);
  };
  types_.push_back({std::move(name), plain_.back().get(), make_pair, std::move(aliases)});
  return *this;
}

const ComponentType* Catalog::find(std::string_view name) const {
  const std::string wanted = folded(name);
  for (const ComponentType& type : types_) {
    if (folded(type.name) == wanted) return &type;
    for (const std::string& alias : type.aliases) {
      if (folded(alias) == wanted) return &type;
    }
  }
  return nullptr;
}

std::vector<std::string> Catalog::names() const {
  std::vector<std::string> names;
  for (const ComponentType& type : types_) names.push_back(type.name);
  return names;
}

const Catalog& Catalogs::at(std::string_view kind) const {
  const auto found = by_kind.find(kind);
  if (found == by_kind.end()) throw Error(fmt::format("no catalog of kind '{}'", kind));
  return *found->second;
}

void read_component(const Node& node, Reader& reader, std::string_view kind, AnyRef& out) {
  const Catalog& catalog = reader.catalogs.at(kind);
  Node none;
  const Node* value = &none;
  std::string name;
  Mark mark = node.mark;
  if (node.is_scalar()) {
    name = node.scalar;
    none.mark = node.mark;
  } else if (node.is_map() && node.entries.size() == 1) {
    name = node.entries[0].key;
    mark = node.entries[0].key_mark;
    value = &node.entries[0].value;
  } else {
    return not_one_component(node, reader, catalog);
  }
  const ComponentType* type = catalog.find(name);
  if (!type) {
    reader.error(mark, fmt::format("unknown {} '{}'{}", kind, name,
                                   hint_for(name, catalog, reader.catalogs)));
    return;
  }
  auto [object, spec] = type->make();
  Node fields = as_fields(*value, *type);
  if (fields.is_null()) fields.mark = mark;
  const size_t errors = reader.diagnostics.size();
  type->fields->read(spec, fields, reader);
  const std::string wrong = object->contradiction();
  if (errors == reader.diagnostics.size() && !wrong.empty()) {
    reader.error(mark, fmt::format("{} {}", type->name, wrong));
  }
  out = {std::move(object), type, spec, mark};
}

Node write_component(const AnyRef& ref) {
  if (!ref) return {};
  Node fields = ref.type->fields->write(ref.spec);
  if (fields.entries.empty()) return Node::of(ref.type->name);
  Node node = Node::map();
  node[ref.type->name] = std::move(fields);
  return node;
}

}  // namespace mlrun::config
