#include "config/path.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlrun::config {
namespace {

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> parts(1);
  for (const char c : path) {
    if (c == '.') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

class PathSetter {
 public:
  PathSetter(std::string_view path, const Node& value, const Mark& mark, Reader& reader)
      : path_(path), parts_(split_path(path)), value_(value), mark_(mark), reader_(reader) {}

  void into_spec(Node& node, const FieldList& list, size_t at) {
    if (at == parts_.size()) return assign(node);
    const Field* field = list.find(parts_[at]);
    if (!field) {
      return fail(
          fmt::format("{} has no key '{}'{}", list.name(), parts_[at], list.hint(parts_[at])));
    }
    if (!node.is_map() && !node.is_null()) return fail("it leads into a plain value");
    into_field(child(node, field->name), field->form, at + 1);
  }

  std::string resolved() const { return resolved_; }

 private:
  void into_field(Node& node, const FieldForm& form, size_t at) {
    switch (form.kind) {
      case FieldForm::Kind::kValue:
        return into_value(node, at);
      case FieldForm::Kind::kMap:
        return into_map(node, at);
      case FieldForm::Kind::kSpec:
        return into_spec(node, *form.spec, at);
      case FieldForm::Kind::kSpecMap:
        return into_spec_map(node, *form.spec, at);
      case FieldForm::Kind::kComponent:
        return into_component(node, form.catalog, at);
      case FieldForm::Kind::kComponentList:
        return into_list(node, form.catalog, at);
    }
  }

  void into_value(Node& node, size_t at) {
    if (at == parts_.size()) return assign(node);
    if (!node.is_sequence()) return fail("it leads into a plain value");
    if (Node* item = item_at(node, at)) into_value(*item, at + 1);
  }

  void into_map(Node& node, size_t at) {
    if (at == parts_.size()) return assign(node);
    if (node.is_sequence()) {  // of maps
      if (Node* item = item_at(node, at)) into_map(*item, at + 1);
      return;
    }
    if (!node.is_map() && !node.is_null()) return fail("it leads into a plain value");
    std::string key = parts_[at];
    while (++at < parts_.size()) key += "." + parts_[at];
    assign(child(node, key));
  }

  void into_spec_map(Node& node, const FieldList& list, size_t at) {
    if (at == parts_.size()) return assign(node);
    if (!node.is_map() && !node.is_null()) return fail("it leads into a plain value");
    into_spec(child(node, parts_[at]), list, at + 1);
  }

  void into_list(Node& node, std::string_view catalog, size_t at) {
    if (at == parts_.size()) return assign(node);
    if (!node.is_sequence()) return into_component(node, catalog, at);
    if (Node* item = item_at(node, at)) into_component(*item, catalog, at + 1);
  }

  void into_component(Node& node, std::string_view kind, size_t at) {
    if (at == parts_.size()) return assign(node);
    if (node.is_scalar()) {
      Node named = Node::map();
      named.mark = node.mark;
      named.entries.push_back({node.scalar, node.mark, {}});
      node = std::move(named);
    }
    if (!node.is_map() || node.entries.size() != 1) {
      return fail(fmt::format("there is no {} to change", kind));
    }
    Entry& chosen = node.entries[0];
    enter(chosen.key);
    const ComponentType* type = reader_.catalogs.at(kind).find(chosen.key);
    if (!type) return;  // reported when the tree is read
    if (parts_[at] == chosen.key && ++at == parts_.size()) return assign(chosen.value);
    if (!chosen.value.is_map() && !chosen.value.is_null()) name_first_field(chosen.value, *type);
    into_spec(chosen.value, *type->fields, at);
  }

  // {L2: 1e-4} becomes {L2: {l2: 1e-4}}.
  static void name_first_field(Node& value, const ComponentType& type) {
    const Field* field = type.fields->shorthand();
    if (!field) return;
    Node fields = Node::map();
    fields.mark = value.mark;
    fields.entries.push_back({field->name, value.mark, value});
    value = std::move(fields);
  }

  Node* item_at(Node& node, size_t at) {
    const std::string& index = parts_[at];
    const bool digits =
        !index.empty() && index.size() < 9 &&
        std::all_of(index.begin(), index.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits) {
      fail(fmt::format("'{}' is not a position in a list", index));
    } else if (std::stoul(index) >= node.items.size()) {
      fail(fmt::format("position {} is past the end of a list of {}", index, node.items.size()));
    } else {
      enter(index);
      return &node.items[std::stoul(index)];
    }
    return nullptr;
  }

  Node& child(Node& node, const std::string& key) {
    enter(key);
    if (Entry* entry = node.find(key)) return entry->value;
    Node& value = node[key];
    value.mark = mark_;
    node.find(key)->key_mark = mark_;
    return value;
  }

  void enter(const std::string& part) { resolved_ += (resolved_.empty() ? "" : ".") + part; }

  void assign(Node& node) { node = value_; }

  void fail(const std::string& why) {
    reader_.error(mark_, fmt::format("no setting '{}': {}", path_, why));
  }

  std::string path_;
  std::string resolved_;
  std::vector<std::string> parts_;
  const Node& value_;
  const Mark& mark_;
  Reader& reader_;
};

}  // namespace

std::string set_path(Node& root, const FieldList& list, std::string_view path, const Node& value,
                     const Mark& mark, Reader& reader) {
  PathSetter setter(path, value, mark, reader);
  setter.into_spec(root, list, 0);
  return setter.resolved();
}

}  // namespace mlrun::config
