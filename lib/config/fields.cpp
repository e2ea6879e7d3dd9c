#include "config/fields.h"

#include <fmt/format.h>

#include "base/suggest.h"

namespace mlrun::config {

Check at_least(double bound) {
  return {[bound](double v) { return v >= bound; }, fmt::format("at least {}", bound)};
}

Check above(double bound) {
  return {[bound](double v) { return v > bound; }, fmt::format("above {}", bound)};
}

Check between(double low, double high) {
  return {[low, high](double v) { return v >= low && v <= high; },
          fmt::format("between {} and {}", low, high)};
}

Check fraction() {
  return {[](double v) { return v >= 0 && v < 1; }, "at least 0 and below 1"};
}

const Field* FieldList::find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

std::vector<std::string> FieldList::names() const {
  std::vector<std::string> names;
  for (const Field& field : fields_) names.push_back(field.name);
  return names;
}

void FieldList::read(void* spec, const Node& node, Reader& reader) const {
  if (!node.is_map() && !node.is_null()) {
    reader.error(node.mark, fmt::format("{} must be a map of keys and values, not {}", name_,
                                        node.describe()));
    return;
  }
  for (const Entry& entry : node.entries) {
    if (const Field* field = find(entry.key)) {
      field->read(spec, entry.value, reader);
    } else {
      const std::vector<std::string> known = names();
      std::string hint = did_you_mean(entry.key, known);
      if (hint.empty() && known.empty()) hint = "; it takes no keys";
      reader.error(entry.key_mark, fmt::format("unknown key '{}' in {}{}", entry.key, name_, hint));
    }
  }
  for (const Field& field : fields_) {
    if (field.required && !node.find(field.name)) {
      reader.error(node.mark, fmt::format("{} needs '{}' ({})", name_, field.name, field.doc));
    }
  }
}

Node FieldList::write(const void* spec) const {
  Node node = Node::map();
  for (const Field& field : fields_) {
    Node value = field.write(spec);
    if (!value.is_null()) node[field.name] = std::move(value);
  }
  return node;
}

void wrong_type(const Node& node, Reader& reader, std::string_view field, std::string_view want) {
  reader.error(node.mark, fmt::format("{} must be {}, not {}", field, want, node.describe()));
}

}  // namespace mlrun::config
