// The only place that knows yaml-cpp.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <sstream>

#include "config/node.h"
#include "config/scalar.h"

namespace mlrun::config {
namespace {

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::shared_ptr<const SourceText> source, Diagnostics& diagnostics)
      : source_(std::move(source)), diagnostics_(diagnostics) {}

  Node take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.mark = at(mark);
    add(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node = anchors_[anchor];
    node.mark = at(mark);
    add(std::move(node), 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const bool quoted = tag == "!";
    Node node;
    if (quoted || !is_null_word(value)) node = Node::of(value, quoted);
    node.mark = at(mark);
    add(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::sequence(), mark, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::map(), mark, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    Node node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    std::string key;
    Mark key_mark;
  };

  Mark at(const YAML::Mark& mark) const { return {source_, mark.line + 1, mark.column + 1}; }

  void open(Node node, const YAML::Mark& mark, YAML::anchor_t anchor) {
    node.mark = at(mark);
    levels_.push_back({std::move(node), anchor, false, {}, {}});
  }

  void close() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    add(std::move(level.node), level.anchor);
  }

  void add(Node node, YAML::anchor_t anchor) {
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
    if (!node.is_scalar()) diagnostics_.error(node.mark, "a key must be a plain word");
    level.has_key = true;
    level.key = node.scalar;
    level.key_mark = node.mark;
  }

  void put_value(Level& level, Node node) {
    level.has_key = false;
    if (const Entry* first = level.node.find(level.key)) {
      diagnostics_.error(level.key_mark, "duplicate key '" + level.key + "', first on line " +
                                             std::to_string(first->key_mark.line));
      return;
    }
    level.node.entries.push_back({level.key, level.key_mark, std::move(node)});
  }

  std::shared_ptr<const SourceText> source_;
  Diagnostics& diagnostics_;
  std::vector<Level> levels_;
  std::map<YAML::anchor_t, Node> anchors_;
  Node root_;
};

}  // namespace

Node parse_yaml(const std::shared_ptr<const SourceText>& source, Diagnostics& diagnostics) {
  TreeBuilder builder(source, diagnostics);
  try {
    std::istringstream stream(source->text);
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return {};
  } catch (const YAML::Exception& error) {
    diagnostics.error({source, error.mark.line + 1, error.mark.column + 1},
                      "not valid YAML: " + error.msg);
  }
  return builder.take_root();
}

}  // namespace mlrun::config
