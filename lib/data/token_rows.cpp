#include "data/token_rows.h"

#include <fmt/format.h>

#include "data/refuse.h"

namespace mlrun::data {

void check_token_source(const Source& source, const std::string& what) {
  const config::DatasetSpec& spec = source.spec;
  if (!spec.target.empty() || !spec.features.empty() || !spec.ignore.empty() || spec.group) {
    refuse(spec, "target, features, ignore and group are of tables, not of " + what);
  }
  if (spec.limit && !spec.parallel) {
    refuse(spec, "limit is of tables and of translations, not of " + what);
  }
  if (spec.rescale != 1 || spec.standardize.any() || spec.min_max.any() ||
      spec.normalize != config::Normalize::kNone || !spec.shape.empty()) {
    refuse(spec,
           fmt::format("the features of {} are tokens, which are not scaled or reshaped", what));
  }
}

void hand_over(std::shared_ptr<TokenRows> rows, const Source& source, const Provenance& provenance,
               Dataset& dataset) {
  dataset.name = source.name;
  dataset.sha256 = provenance.sha256();
  dataset.features = rows->features.data();
  if (!rows->classes.empty()) dataset.classes = rows->classes.data();
  dataset.owner = std::move(rows);
}

}  // namespace mlrun::data
