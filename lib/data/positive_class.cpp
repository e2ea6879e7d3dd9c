#include "data/positive_class.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "data/refuse.h"

namespace mlrun::data {
namespace {

struct Swapped {
  std::shared_ptr<const void> others;  ///< the memory of the rest
  std::vector<int32_t> classes;
};

int32_t swapped(int32_t label) { return label == 0 || label == 1 ? 1 - label : label; }

void swap_classes(Dataset& dataset) {
  auto own = std::make_shared<Swapped>();
  own->others = dataset.owner;
  own->classes.assign(dataset.classes, dataset.classes + dataset.rows * dataset.label_width);
  std::ranges::transform(own->classes, own->classes.begin(), swapped);
  dataset.classes = own->classes.data();
  dataset.owner = std::move(own);
  std::swap(dataset.class_names[0], dataset.class_names[1]);
}

}  // namespace

void choose_positive(const config::DatasetSpec& spec, bool may_lack_target, Dataset& dataset) {
  if (!spec.positive) return;
  const std::vector<std::string>& names = dataset.class_names;
  if (may_lack_target && (!dataset.is_classification() || names.size() < 2)) return;
  if (!dataset.is_classification() || names.size() != 2) {
    refuse_setting(spec, "positive",
                   dataset.is_classification()
                       ? fmt::format("one class is positive of two, but there are {}", names.size())
                       : "only one of two classes can be positive, and the target has no classes");
  }
  if (std::ranges::find(names, *spec.positive) == names.end()) {
    refuse_setting(spec, "positive",
                   fmt::format("'{}' is no class of the target; there are '{}'", *spec.positive,
                               fmt::join(names, "' and '")));
  }
  if (names[0] == *spec.positive) swap_classes(dataset);
}

}  // namespace mlrun::data
