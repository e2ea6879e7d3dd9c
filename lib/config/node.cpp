#include "config/node.h"

#include <algorithm>

#include "config/scalar.h"

namespace mlrun::config {
namespace {

bool needs_quotes(const std::string& text) {
  if (text.empty() || is_null_word(text)) return true;
  if (text.front() == ' ' || text.back() == ' ') return true;
  if (std::string_view("-?:,[]{}#&*!|>'\"%@`").find(text.front()) != std::string_view::npos &&
      !parse_float(text)) {
    return true;
  }
  const auto special = [](char c) {
    return std::string_view("{}[],#\n\t\"'\\").find(c) != std::string_view::npos;
  };
  return std::any_of(text.begin(), text.end(), special) || text.find(": ") != std::string::npos ||
         text.back() == ':';
}

std::string scalar_text(const Node& node) {
  const bool looks_typed = parse_float(node.scalar) || parse_bool(node.scalar);
  if (!needs_quotes(node.scalar) && !(node.quoted && looks_typed)) return node.scalar;
  std::string text = "\"";
  for (const char c : node.scalar) {
    if (c == '"' || c == '\\') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else if (c == '\t') {
      text += "\\t";
    } else {
      text += c;
    }
  }
  return text + "\"";
}

bool is_leaf(const Node& node) {
  return node.is_scalar() || node.is_null() || (node.is_sequence() && node.items.empty()) ||
         (node.is_map() && node.entries.empty());
}

bool fits_on_a_line(const Node& node) {
  if (is_leaf(node)) return true;
  if (node.is_sequence()) return std::all_of(node.items.begin(), node.items.end(), is_leaf);
  return false;
}

void write_block(const Node& node, int indent, std::string& out);

void write_value(const Node& value, int indent, std::string& out) {
  if (fits_on_a_line(value)) {
    out += ' ' + to_flow(value) + '\n';
    return;
  }
  out += '\n';
  write_block(value, indent, out);
}

void write_block(const Node& node, int indent, std::string& out) {
  const std::string pad(static_cast<size_t>(indent), ' ');
  if (node.is_map()) {
    for (const Entry& entry : node.entries) {
      out += pad + scalar_text(Node::of(entry.key)) + ':';
      write_value(entry.value, indent + 2, out);
    }
  } else if (node.is_sequence()) {
    for (const Node& item : node.items) out += pad + "- " + to_flow(item) + '\n';
  } else {
    out += pad + to_flow(node) + '\n';
  }
}

Node with_kind(Node::Kind kind) {
  Node node;
  node.kind = kind;
  return node;
}

template <class T>
auto find_entry(T& entries, std::string_view key) {
  const auto at = std::find_if(entries.begin(), entries.end(),
                               [&](const Entry& entry) { return entry.key == key; });
  return at == entries.end() ? nullptr : &*at;
}

}  // namespace

const Entry* Node::find(std::string_view key) const { return find_entry(entries, key); }
Entry* Node::find(std::string_view key) { return find_entry(entries, key); }

Node& Node::operator[](std::string_view key) {
  if (is_null()) kind = Kind::kMap;
  if (Entry* entry = find(key)) return entry->value;
  entries.push_back({std::string(key), mark, {}});
  return entries.back().value;
}

const Mark& KeyMarks::of(std::string_view key) const {
  const Entry* entry = map_.value.find(key);
  return entry ? entry->value.mark : map_.key_mark;
}

const Mark* KeyMarks::find(std::string_view key, std::string_view item) const {
  const Entry* entry = map_.value.find(key);
  if (!entry) return nullptr;
  for (const Node& one : entry->value.items) {
    if (one.scalar == item) return &one.mark;
  }
  return &entry->value.mark;
}

Node Node::of(std::string scalar, bool quoted) {
  Node node = with_kind(Kind::kScalar);
  node.scalar = std::move(scalar);
  node.quoted = quoted;
  return node;
}

Node Node::map() { return with_kind(Kind::kMap); }
Node Node::sequence() { return with_kind(Kind::kSequence); }

std::string Node::describe() const {
  switch (kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kSequence:
      return "a list";
    case Kind::kMap:
      return "a map";
    case Kind::kScalar:
      return (quoted ? "the text '" : "'") + scalar + "'";
  }
  return "";
}

std::string to_flow(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return "null";
    case Node::Kind::kScalar:
      return scalar_text(node);
    case Node::Kind::kSequence: {
      std::string text;
      for (const Node& item : node.items) text += (text.empty() ? "" : ", ") + to_flow(item);
      return "[" + text + "]";
    }
    case Node::Kind::kMap: {
      std::string text;
      for (const Entry& entry : node.entries) {
        text += (text.empty() ? "" : ", ") + scalar_text(Node::of(entry.key)) + ": " +
                to_flow(entry.value);
      }
      return "{" + text + "}";
    }
  }
  return "";
}

std::string to_yaml(const Node& node) {
  std::string text;
  write_block(node, 0, text);
  return text;
}

}  // namespace mlrun::config
