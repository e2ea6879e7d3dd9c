// What the sources have in common whose rows are tokens: texts, documents, pairs, translations.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/provenance.h"
#include "data/source.h"

namespace mlrun::data {

/// Row-major: width() features and label_width classes a row.
struct TokenRows {
  std::vector<float> features;
  std::vector<int32_t> classes;
};

/// Refuses the settings of tables and their scaling. `what`: "documents".
void check_token_source(const Source& source, const std::string& what);

/// Gives the rows to a data set whose columns and classes are set, with their name and checksum.
void hand_over(std::shared_ptr<TokenRows> rows, const Source& source, const Provenance& provenance,
               Dataset& dataset);

}  // namespace mlrun::data
