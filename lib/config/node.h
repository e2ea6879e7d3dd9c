// A YAML tree with the position of every key and value.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/source.h"

namespace mlrun::config {

struct Entry;

/// A value. Maps keep the order of the file; keys are unique (parse_yaml reports duplicates).
struct Node {
  enum class Kind { kNull, kScalar, kSequence, kMap };

  Kind kind = Kind::kNull;
  std::string scalar;          ///< text of a scalar
  bool quoted = false;         ///< a quoted scalar is always a string
  std::vector<Node> items;     ///< of a sequence
  std::vector<Entry> entries;  ///< of a map
  Mark mark;

  bool is_null() const { return kind == Kind::kNull; }
  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_sequence() const { return kind == Kind::kSequence; }
  bool is_map() const { return kind == Kind::kMap; }

  const Entry* find(std::string_view key) const;
  Entry* find(std::string_view key);

  /// The value under `key`, appended as null if absent. Turns a null node into a map.
  Node& operator[](std::string_view key);

  static Node of(std::string scalar, bool quoted = false);
  static Node map();
  static Node sequence();

  /// "'ten'", "the text '10'" (quoted), "a list", "a map" or "nothing": for messages.
  std::string describe() const;
};

struct Entry {
  std::string key;
  Mark key_mark;
  Node value;
};

/// Where a map and its values were written.
class KeyMarks {
 public:
  KeyMarks() = default;
  explicit KeyMarks(const Entry& map) : map_(map) {}

  /// Of the value under `key`; of the map's own key if it holds none.
  const Mark& of(std::string_view key) const;

  /// The same of one item of a list, by its text; null if nothing is written under `key`.
  const Mark* find(std::string_view key, std::string_view item) const;

 private:
  Entry map_;
};

/// Parses one YAML document, from byte `begin` of the text. Syntax errors, duplicate keys, further
/// documents and text that is not UTF-8 go to `diagnostics`.
Node parse_yaml(const std::shared_ptr<const SourceText>& source, Diagnostics& diagnostics,
                size_t begin = 0);

/// YAML text that parse_yaml reads back to the same tree.
std::string to_yaml(const Node& node);

/// One line of flow YAML: `{units: 50, activation: relu}`.
std::string to_flow(const Node& node);

}  // namespace mlrun::config
