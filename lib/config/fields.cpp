#include "config/fields.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.h"

namespace mlrun::config {

Check at_least(double bound) {
  return {[bound](double v) { return v >= bound; }, fmt::format("at least {}", bound)};
}

Check count(int least) {
  return {[least](double v) { return v >= least && v < 2147483648.0; },
          fmt::format("at least {} and below 2^31", least)};
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

Check float_fraction() {
  return {[](double v) { return v >= 0 && static_cast<float>(v) < 1; },
          "at least 0 and below 1 as a float32"};
}

const Field* FieldList::find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

Field::Field() = default;
Field::Field(const Field&) = default;
Field::Field(Field&&) noexcept = default;
Field::~Field() = default;

Rule::Rule(Required) : required(true) {}
Rule::Rule(const Check& c) : check(c) {}
Rule::Rule(const Rule&) = default;
Rule::~Rule() = default;

FieldList::FieldList(std::string name, std::string doc)
    : name_(std::move(name)), doc_(std::move(doc)) {}
FieldList::FieldList(const FieldList&) = default;
FieldList::~FieldList() = default;

FieldList FieldList::with(const FieldList& base) const {
  FieldList both = *this;
  for (const Field& field : base.fields_) both.fields_.push_back(field);
  both.of_base_ += base.fields_.size();
  return both;
}

const Field* FieldList::shorthand() const {
  return fields_.size() > of_base_ ? &fields_.front() : nullptr;
}

void FieldList::add(Field&& field) { fields_.push_back(std::move(field)); }

std::vector<std::string> FieldList::names() const {
  std::vector<std::string> names;
  for (const Field& field : fields_) names.push_back(field.name);
  return names;
}

std::string FieldList::hint(std::string_view key) const {
  const std::vector<std::string> known = names();
  const std::string guess = did_you_mean(key, known);
  if (!guess.empty()) return guess;
  for (const Field& field : fields_) {
    if (field.form.spec && field.form.spec->find(key)) return "; it belongs in " + field.name;
  }
  if (known.empty()) return "; it takes no keys";
  return fmt::format("; known: {}", fmt::join(known, ", "));
}

void FieldList::read(void* spec, const Node& node, Reader& reader) const {
  if (!node.is_map() && !node.is_null()) {
    reader.error(node.mark, fmt::format("{} must be a map of keys and values, not {}", name_,
                                        node.describe()));
    return;
  }
  std::vector<std::string> misspelt;
  for (const Entry& entry : node.entries) {
    if (const Field* field = find(entry.key)) {
      field->read(spec, entry.value, reader);
    } else {
      misspelt.push_back(nearest(entry.key, names()));
      reader.error(entry.key_mark,
                   fmt::format("unknown key '{}' in {}{}", entry.key, name_, hint(entry.key)));
    }
  }
  for (const Field& field : fields_) {
    const bool tried = std::find(misspelt.begin(), misspelt.end(), field.name) != misspelt.end();
    const Entry* entry = node.find(field.name);
    const bool empty = entry && entry->value.is_null() && !field.form.catalog.empty();
    if (field.required && (!entry || empty) && !tried) {
      reader.error(entry ? entry->key_mark : node.mark,
                   fmt::format("{} needs '{}' ({})", name_, field.name, field.doc));
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
