// The results file: groups of equally long 1-D arrays, so that in Python
//   pd.DataFrame({k: f["cells"][k][:] for k in f["cells"]})
// is a table, with its columns in the order in which they were written. (Schema: README.md.)
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/hdf5.h"
#include "store/table.h"

namespace mlrun::store {

/// One group.
struct Section {
  std::string path;  ///< "/cells", "/folds/0"
  Table table;
  Attributes attributes;
  bool ragged = false;  ///< columns may differ in length (/folds/0: train and test rows)

  bool operator==(const Section&) const = default;
};

struct ResultsFile {
  Attributes attributes;                                   ///< of /
  std::vector<std::pair<std::string, std::string>> texts;  ///< path ("/config") and content
  std::vector<Section> sections;

  /// Null if there is none.
  const Section* find(std::string_view path) const;

  bool operator==(const ResultsFile&) const = default;
};

/// Replaces the file at `path` as a whole (File::write_atomically). Throws Error, also when the
/// columns of a section differ in length ("/cells: column 'b' has 2 rows, 'a' has 3").
void write_results(const std::filesystem::path& path, const ResultsFile& results);

/// What write_results wrote. Sections and texts come in the order of writing, each group before
/// its subgroups; a group that only holds groups is no section. Numbers of other sizes come in the
/// next larger type; arrays that are no columns (not 1-D) are left out.
ResultsFile read_results(const std::filesystem::path& path);

}  // namespace mlrun::store
