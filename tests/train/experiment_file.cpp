#include "train/experiment_file.h"

#include <fstream>

#include "base/error.h"

namespace mlrun::test {

trials::Search prepare(const ScratchFolder& folder, const std::string& yaml) {
  std::ofstream(folder / "e.yaml") << yaml;
  return trials::prepare_search(
      {{folder / "e.yaml", {}, {}}, trials::SearchKind::kTrain, folder / "cache"});
}

std::string error_of(const ScratchFolder& folder, const std::string& yaml) {
  try {
    prepare(folder, yaml);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

train::FitInput input_of(const trials::Search& search, int threads) {
  return {.spec = search.cells[0].spec,
          .dataset = search.dataset,
          .train_rows = search.hold_out.train,
          .test_rows = search.hold_out.test,
          .cell = 0,
          .fold = 0,
          .threads = threads,
          .keep_model = true,
          .initial_weights = search.cells[0].initial_weights.get()};
}

std::string changed(std::string text, const std::string& from, const std::string& to) {
  text.replace(text.find(from), from.size(), to);
  return text;
}

}  // namespace mlrun::test
