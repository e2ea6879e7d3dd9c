// The only place, with yaml_error.cpp, that knows yaml-cpp.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "base/utf8.h"
#include "config/node.h"
#include "config/scalar.h"
#include "config/yaml_error.h"

namespace mlrun::config {
namespace {

// Deeper than any experiment, and shallow enough for recursion.
constexpr size_t kMaxDepth = 100;

// Aliases of aliases of aliases grow exponentially.
constexpr size_t kMaxNodes = 1'000'000;

size_t count_nodes(const Node& node) {
  size_t count = 1;
  for (const Node& item : node.items) count += count_nodes(item);
  for (const Entry& entry : node.entries) count += count_nodes(entry.value);
  return count;
}

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::shared_ptr<const SourceText> source, size_t begin, Diagnostics& diagnostics)
      : source_(std::move(source)), begin_(begin), diagnostics_(diagnostics) {}

  Node take_root() { return std::move(root_); }

  Mark at(const YAML::Mark& mark) const {
    const int before = mark.line == 0 ? static_cast<int>(begin_) : 0;
    return {source_, mark.line + 1, before + mark.column + 1};
  }

  Mark open_bracket() const {
    const bool in_flow = !levels_.empty() && levels_.back().flow;
    return in_flow ? levels_.back().node.mark : Mark();
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 2) {
      diagnostics_.error(at(mark), "a second document; a file holds one");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.mark = before(at(mark));
    add(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw YAML::ParserException(mark, "an anchor cannot hold itself");
    }
    nodes_ += count_nodes(found->second);
    if (nodes_ > kMaxNodes) {
      throw YAML::ParserException(mark, "the aliases (*name) stand for more than a million values");
    }
    Node node = found->second;
    node.mark = at(mark);
    add(std::move(node), 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const bool quoted = tag == "!";
    Node node;
    if (quoted || !is_null_word(value)) node = Node::of(value, quoted);
    node.mark = at(mark);
    if (quoted && !is_closed(node.mark)) {
      throw YAML::ParserException(mark, "this quote is not closed");
    }
    add(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(Node::sequence(), mark, anchor, style);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(Node::map(), mark, anchor, style);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    Node node;
    YAML::anchor_t anchor = 0;
    bool flow = false;  ///< written with { } or [ ]
    bool has_key = false;
    bool bad_key = false;  ///< reported; its value is dropped
    std::string key;
    Mark key_mark;
  };

  void open(Node node, const YAML::Mark& mark, YAML::anchor_t anchor,
            YAML::EmitterStyle::value style) {
    if (levels_.size() == kMaxDepth) {
      throw YAML::ParserException(mark, "nested more than " + std::to_string(kMaxDepth) + " deep");
    }
    node.mark = at(mark);
    Level level;
    level.node = std::move(node);
    level.anchor = anchor;
    level.flow = style == YAML::EmitterStyle::Flow;
    levels_.push_back(std::move(level));
  }

  // yaml-cpp marks a value that is missing at what comes next; the dash before it is what to show.
  Mark before(const Mark& next) const {
    for (int number = next.line; number > 0; --number) {
      std::string_view line = source_->line(number);
      if (number == next.line) line = line.substr(0, static_cast<size_t>(next.column - 1));
      const size_t last = line.find_last_not_of(" \t\r");
      if (last != std::string_view::npos) return {source_, number, static_cast<int>(last) + 1};
    }
    return next;
  }

  // yaml-cpp takes the end of the file for a closing quote. `mark` is at the quote or before it.
  bool is_closed(const Mark& mark) const {
    const std::string_view all = source_->text;
    const auto line = static_cast<size_t>(source_->line(mark.line).data() - all.data());
    size_t i = all.find_first_of("\"'|>", line + static_cast<size_t>(mark.column - 1));
    if (i == std::string_view::npos || all[i] == '|' || all[i] == '>') return true;
    const char quote = all[i];
    for (++i; i < all.size(); ++i) {
      if (quote == '"' && all[i] == '\\') {
        ++i;
      } else if (all[i] == quote) {
        return true;
      }
    }
    return false;
  }

  void close() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    add(std::move(level.node), level.anchor);
  }

  void add(Node node, YAML::anchor_t anchor) {
    ++nodes_;
    if (anchor != 0) anchors_[anchor] = node;
    if (levels_.empty()) {
      root_ = std::move(node);
      return;
    }
    Level& level = levels_.back();
    if (level.node.is_sequence()) {
      level.node.items.push_back(std::move(node));
    } else if (!level.has_key) {
      take_key(level, node);
    } else {
      put_value(level, std::move(node));
    }
  }

  void take_key(Level& level, const Node& node) {
    level.bad_key = !node.is_scalar();
    if (level.bad_key) {
      diagnostics_.error(node.mark, "a key must be a word, not " + node.describe());
    }
    level.has_key = true;
    level.key = node.scalar;
    level.key_mark = node.mark;
  }

  void put_value(Level& level, Node node) {
    level.has_key = false;
    if (level.bad_key) return;
    if (node.is_null()) node.mark = level.key_mark;
    if (const Entry* first = level.node.find(level.key)) {
      diagnostics_.error(level.key_mark, "duplicate key '" + level.key + "', first on line " +
                                             std::to_string(first->key_mark.line));
      return;
    }
    level.node.entries.push_back({level.key, level.key_mark, std::move(node)});
  }

  std::shared_ptr<const SourceText> source_;
  size_t begin_;
  Diagnostics& diagnostics_;
  std::vector<Level> levels_;
  std::map<YAML::anchor_t, Node> anchors_;
  Node root_;
  size_t nodes_ = 0;
  int documents_ = 0;
};

bool check_text(const std::shared_ptr<const SourceText>& source, Diagnostics& diagnostics) {
  const size_t bad = find_non_text(source->text);
  if (bad == std::string::npos) return true;
  const std::string_view before = std::string_view(source->text).substr(0, bad);
  const size_t newline = before.rfind('\n');
  const size_t line_begin = newline == std::string_view::npos ? 0 : newline + 1;
  const Mark mark{source, 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n')),
                  static_cast<int>(bad - line_begin) + 1};
  diagnostics.error(mark, "this is not text in UTF-8");
  return false;
}

}  // namespace

Node parse_yaml(const std::shared_ptr<const SourceText>& source, Diagnostics& diagnostics,
                size_t begin) {
  if (!check_text(source, diagnostics)) return {};
  TreeBuilder builder(source, begin, diagnostics);
  try {
    std::istringstream stream(source->text.substr(begin));
    YAML::Parser parser(stream);
    if (parser.HandleNextDocument(builder)) {
      Node root = builder.take_root();
      parser.HandleNextDocument(builder);
      return root;
    }
  } catch (const YAML::Exception& error) {
    const SyntaxError found = explain_syntax(error, builder.at(error.mark), builder.open_bracket());
    diagnostics.error(found.mark, found.message);
  }
  return {};
}

}  // namespace mlrun::config
