// Experiments that are wrong, each with the whole text of its error beside it: NAME.yaml,
// NAME.expected and, for some, NAME.args with one word of the command line in each line. A word
// that begins with MLRUN_ stands for a variable of the environment.
#include <doctest/doctest.h>

#include <fstream>

#include "bad_cases.h"
#include "places.h"
#include "scratch_folder.h"
#include "trials/search.h"

using namespace mlrun;

namespace {

config::ExperimentSource read_case(const std::filesystem::path& path) {
  config::ExperimentSource source{path, {}, {}};
  std::filesystem::path words = path;
  std::ifstream file(words.replace_extension(".args"));
  for (std::string word; std::getline(file, word);) {
    (word.starts_with("MLRUN_") ? source.environment : source.overrides).push_back(word);
  }
  return source;
}

}  // namespace

TEST_CASE("bad experiments: the whole error text") {
  const ScratchFolder scratch;
  const auto prepare = [&](const std::filesystem::path& path) {
    trials::SearchOptions options{read_case(path), trials::SearchKind::kTrain, scratch / "cache"};
    options.grid_if_any = true;
    trials::prepare_search(options);
  };
  test::check_bad_cases(test::tests_folder() / "config/bad", 140, prepare);
}
