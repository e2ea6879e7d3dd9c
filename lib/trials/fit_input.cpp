#include "trials/fit_input.h"

#include <set>
#include <utility>

#include "data/transform.h"
#include "train/fitting_rows.h"

namespace mlrun::trials {

train::FitInput fit_input(const Search& search, const Trial& trial) {
  const bool refit = trial.fold == kRefitFold;
  const Cell& cell = search.cells.at(static_cast<size_t>(trial.cell));
  const data::Split& split =
      refit ? search.hold_out : search.folds.at(static_cast<size_t>(trial.fold));
  return {.spec = cell.spec,
          .dataset = search.dataset,
          .train_rows = split.train,
          .test_rows = split.test,
          .cell = static_cast<uint32_t>(trial.cell),
          .fold = static_cast<uint32_t>(trial.fold),
          .keep_model = refit,
          .initial_weights = cell.initial_weights.get()};
}

// How many rows are left depends on the fold and on the fraction that validates; which ones also on
// draws of the cell, but that matters only to columns with missing values.
void check_rows(const Search& search) {
  const bool fills = data::Transform::fills(search.dataset.table(), search.spec.dataset);
  std::set<std::pair<int32_t, double>> seen;
  const auto check = [&](const Trial& trial) {
    const train::FitInput input = fit_input(search, trial);
    const double fraction = input.spec.train.validation_split.value_or(0);
    const bool validates = train::validates(input.spec, search.dataset);
    if (!fills && !validates) return;
    const bool is_new = seen.emplace(trial.fold, fraction).second;
    if (!is_new && !(fills && validates)) return;
    train::check_rows(input);
  };
  for (const Trial& trial : search.trials) check(trial);
  if (!search.has_refit()) return;
  for (size_t cell = 0; cell < search.cells.size(); ++cell) {
    check(search.refit_of(static_cast<int32_t>(cell)));
  }
}

}  // namespace mlrun::trials
