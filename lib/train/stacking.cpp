// Which trainings can be one.
#include <algorithm>

#include "config/node.h"
#include "config/scalar.h"
#include "train/fit.h"

namespace mlrun::train {
namespace {

using config::Entry;
using config::Node;

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

void drop(Node& map, std::string_view key) {
  std::erase_if(map.entries, [&](const Entry& entry) { return entry.key == key; });
}

// A layer that drops nothing has no node in the graph.
void forget_rate(Node& rate) {
  const std::optional<double> value = config::parse_float(rate.scalar);
  if (value && *value > 0) rate = Node::of("some");
}

void forget_constants(Node& node) {
  for (Node& item : node.items) forget_constants(item);
  for (Entry& entry : node.entries) {
    if (is_one_of(entry.key, {"L1", "L2", "L1L2", "KLSparsity"})) {
      for (const std::string_view factor : {"l1", "l2", "factor"}) drop(entry.value, factor);
    } else if (entry.key == "Dropout" && entry.value.find("rate")) {
      forget_rate(entry.value["rate"]);
    } else if (entry.key == "dropout") {
      forget_rate(entry.value);
    }
    forget_constants(entry.value);
  }
}

}  // namespace

std::optional<std::string> stacking_key(const config::ExperimentSpec& spec,
                                        const data::Dataset& dataset) {
  // Each sees the links of its own training rows.
  if (dataset.graphs && dataset.graphs->rows == data::Graphs::Rows::kLinks) return std::nullopt;
  Node tree = config::ExperimentSpec::fields().write(&spec);
  drop(tree, "seed");
  for (Entry& optimizer : tree["train"]["optimizer"].entries) {
    drop(optimizer.value, "learning_rate");
  }
  forget_constants(tree["model"]);
  return config::to_yaml(tree);
}

std::string why_not_stacked(const FitInput& a, const FitInput& b) {
  if (&a.dataset != &b.dataset) return "they are of two data sets";
  if (a.profile || b.profile) return "a training with a profile is alone";
  const std::optional<std::string> key = stacking_key(a.spec, a.dataset);
  if (!key) return "each sees the links of its own training rows";
  if (key == stacking_key(b.spec, b.dataset)) return "";
  return "their experiments differ in more than seed, learning rate, dropout and penalties";
}

}  // namespace mlrun::train
