#include "trials/cell_errors.h"

#include <fmt/format.h>

namespace mlrun::trials {

void CellErrors::add(const std::string& params, const Diagnostics& of_cell) {
  ++cells_;
  for (const Diagnostics::Entry& entry : of_cell.entries()) {
    Finding& finding = findings_[render_error(entry.mark, entry.message)];
    if (finding.cells++ == 0) {
      finding.entry = entry;
      finding.params = params;
    }
  }
}

void CellErrors::report(Diagnostics& diagnostics) const {
  for (const auto& [text, finding] : findings_) {
    const int others = finding.cells - 1;
    std::string where;
    if (finding.cells < cells_) {
      where = fmt::format(" (with {}{})", finding.params,
                          others > 0 ? fmt::format(" and in {} further cells", others) : "");
    }
    diagnostics.error(finding.entry.mark, finding.entry.message + where);
  }
}

}  // namespace mlrun::trials
