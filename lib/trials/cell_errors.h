// Errors that show only with the settings of some cells of the grid, each said once.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/source.h"

namespace mlrun::trials {

class CellErrors {
 public:
  /// `params` says what the cell changes.
  void add(const std::string& params, const Diagnostics& of_cell);

  /// What all cells have in common as it is; the rest with the first cell that has it.
  void report(Diagnostics& diagnostics) const;

 private:
  struct Finding {
    Diagnostics::Entry entry;
    std::string params;  ///< of the first cell
    int cells = 0;
  };
  std::map<std::string, Finding> findings_;  ///< by their text
  int cells_ = 0;
};

}  // namespace mlrun::trials
