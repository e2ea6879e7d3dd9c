#include "store/results.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "base/file.h"
#include "scratch_folder.h"

using namespace mlrun;
using namespace mlrun::store;

namespace {

ResultsFile sample_results() {
  ResultsFile results;
  results.attributes = {{"schema", int64_t{1}}, {"status", std::string("complete")}};
  results.texts = {{"/config", "name: größe\n"}};
  Section cells{"/cells", {}, {{"best", 0.5}}};
  cells.table.columns = {{"params", std::vector<std::string>{"{}", "{\"a\": 1}"}},
                         {"mean_test_auc", std::vector<double>{0.1, 0.2}},
                         {"loss", std::vector<float>{0.1f, 0.2f}},
                         {"count", std::vector<int64_t>{int64_t{1} << 60, -1}},
                         {"rank", std::vector<int32_t>{2, 1}}};
  Section empty{"/trials", {}, {}};
  empty.table.columns = {{"cell", std::vector<int64_t>{}}, {"name", std::vector<std::string>{}}};
  Section fold{"/folds/0", {}, {}};
  fold.table.columns = {{"row", std::vector<int64_t>(50000, 7)}};
  results.sections = {cells, empty, fold, {"/scale", {}, {{"usl", std::vector<double>{0.1, 0}}}}};
  return results;
}

}  // namespace

TEST_CASE("results: what is written comes back") {
  const ScratchFolder folder;
  const auto path = folder / "results.h5";
  const ResultsFile results = sample_results();
  write_results(path, results);
  CHECK(read_results(path) == results);
  CHECK_FALSE(std::filesystem::exists(folder / "results.h5.tmp"));
}

TEST_CASE("results: sections and columns are found by name") {
  const ResultsFile results = sample_results();
  REQUIRE(results.find("/cells") != nullptr);
  const Table& cells = results.find("/cells")->table;
  CHECK(cells.rows() == 2);
  REQUIRE(cells.find("rank") != nullptr);
  CHECK(cells.find("rank")->rows() == 2);
  CHECK(cells.find("none") == nullptr);
  CHECK(results.find("/none") == nullptr);
  CHECK(Table{}.rows() == 0);
}

TEST_CASE("results: columns of different lengths are refused and the old file stays") {
  const ScratchFolder folder;
  const auto path = folder / "results.h5";
  write_results(path, sample_results());
  const std::string before = read_file(path);
  ResultsFile broken = sample_results();
  broken.sections[0].table.columns[1].values = std::vector<double>{1};
  CHECK_THROWS_WITH_AS(write_results(path, broken),
                       "/cells: column 'mean_test_auc' has 1 rows, 'params' has 2", Error);
  CHECK(read_file(path) == before);
  CHECK_FALSE(std::filesystem::exists(folder / "results.h5.tmp"));
}

TEST_CASE("results: a folder that cannot be written to is an error") {
  const ScratchFolder folder;
  CHECK_THROWS_WITH_AS(write_results(folder / "none" / "results.h5", sample_results()),
                       doctest::Contains("No such file or directory"), Error);
}
