#include "trials/precisions.h"

#include <algorithm>

#include "ops/product/precision.h"
#include "train/training_graph.h"

namespace mlrun::trials {
namespace {

std::vector<ops::Precision> precisions(const Search& search) {
  std::vector<ops::Precision> found;
  for (const Cell& cell : search.cells) {
    const ops::Precision one = train::product_precision(cell.spec.train);
    const bool known = std::find(found.begin(), found.end(), one) != found.end();
    if (one != ops::Precision::kFloat32 && !known) found.push_back(one);
  }
  return found;
}

}  // namespace

std::vector<std::string> describe_precisions(const Search& search,
                                             std::span<const device::Gpu> gpus,
                                             bool only_surprises) {
  std::vector<const device::Gpu*> devices;
  for (const device::Gpu& gpu : gpus) devices.push_back(&gpu);
  if (gpus.empty()) devices.push_back(nullptr);
  std::vector<std::string> texts;
  for (const ops::Precision wanted : precisions(search)) {
    for (const device::Gpu* device : devices) {
      const bool as_wanted = ops::product_mode(wanted, device) == ops::ProductMode{wanted, false};
      if (only_surprises && as_wanted) continue;
      const std::string text = ops::describe(wanted, device);
      if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(text);
    }
  }
  return texts;
}

}  // namespace mlrun::trials
