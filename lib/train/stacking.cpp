// Which trainings can be one.
#include <algorithm>

#include "config/node.h"
#include "train/fit.h"

namespace mlrun::train {
namespace {

// The experiment but for what may differ in a stack.
std::string without_stacked(const config::ExperimentSpec& spec) {
  config::Node tree = config::ExperimentSpec::fields().write(&spec);
  std::erase_if(tree.entries, [](const config::Entry& entry) { return entry.key == "seed"; });
  for (config::Entry& optimizer : tree["train"]["optimizer"].entries) {
    std::erase_if(optimizer.value.entries,
                  [](const config::Entry& entry) { return entry.key == "learning_rate"; });
  }
  return config::to_yaml(tree);
}

}  // namespace

std::string why_not_stacked(const FitInput& a, const FitInput& b) {
  if (&a.dataset != &b.dataset) return "they are of two data sets";
  if (fitting_rows(a).train.size() != fitting_rows(b).train.size()) {
    return "they train on a different number of rows";
  }
  if (a.dataset.graphs && a.dataset.graphs->rows == data::Graphs::Rows::kLinks) {
    return "each sees the links of its own training rows";
  }
  for (const FitInput* one : {&a, &b}) {
    if (one->profile || (one->spec.train.checkpoint_every > 0 && !one->checkpoint.empty())) {
      return "a training with checkpoints or a profile is alone";
    }
  }
  return without_stacked(a.spec) == without_stacked(b.spec)
             ? ""
             : "their experiments differ in more than seed and learning rate";
}

}  // namespace mlrun::train
