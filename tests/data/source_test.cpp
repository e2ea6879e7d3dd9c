// How a source is found, and real data where it is at hand.
#include "data/source.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "base/error.h"
#include "data/inspect.h"
#include "data/manifest.h"
#include "data_folder.h"

namespace mlrun::data {
namespace {

config::DatasetSpec with_source(const std::string& source) {
  config::DatasetSpec spec;
  spec.source = source;
  return spec;
}

}  // namespace

TEST_CASE("source: variables in paths") {
  ::setenv("MLRUN_TEST_FOLDER", "/some/where", 1);
  CHECK(expand_variables("$MLRUN_TEST_FOLDER/a", {}) == "/some/where/a");
  CHECK(expand_variables("x${MLRUN_TEST_FOLDER}y", {}) == "x/some/wherey");
  CHECK_THROWS_WITH(expand_variables("${MLRUN_TEST_FOLDER", {}),
                    "error: '${MLRUN_TEST_FOLDER' is not a variable in '${MLRUN_TEST_FOLDER'");
  ::unsetenv("MLRUN_TEST_FOLDER");
}

TEST_CASE("source: a manifest in a folder above, its file in $MLRUN_DATA, its last rows for test") {
  const DataFolder scratch;
  std::filesystem::create_directories(scratch.path() / "datasets");
  std::filesystem::create_directories(scratch.path() / "experiments/one");
  std::filesystem::create_directories(scratch.path() / "files");
  scratch.write("datasets/t.yaml",
                "name: t\ntrain: {path: t.csv}\ntest_rows: 2\nheader: none\ncolumns: [y, a]\n"
                "target: y\nclasses: true\n");
  scratch.write("files/t.csv", "1,2\n0,3\n1,4\n");
  OpenOptions options = scratch.options();
  options.base = scratch.path() / "experiments/one";
  ::setenv("MLRUN_DATA", ("/nowhere:" + (scratch.path() / "files").string()).c_str(), 1);
  const Dataset d = open_dataset(with_source("t"), options);
  CHECK(d.test_begin == 1);
  CHECK(d.target_names == std::vector<std::string>{"y"});
  CHECK(d.columns[0].name == "a");
  const Inspection found = inspect(with_source("t"), options, true);
  CHECK(found.rows == 3);
  CHECK(found.test_rows == 2);
  REQUIRE(found.classes.size() == 2);
  CHECK(found.classes[1].rows == 2);
  CHECK(found.columns[0].statistics.mean == 3);
  CHECK(std::filesystem::exists(found.cache));
  ::unsetenv("MLRUN_DATA");
}

TEST_CASE("source: a file whose content alone has changed is imported again") {
  const DataFolder scratch;
  scratch.write("data.csv", "a,y\n1,2\n");
  config::DatasetSpec spec = with_source("./data.csv");
  spec.target = {"y"};
  CHECK(open_dataset(spec, scratch.options()).feature(0, 0) == 1);
  const std::filesystem::path file = scratch.path() / "data.csv";
  const auto modified = std::filesystem::last_write_time(file);
  // The clock that the kernel stamps files with ticks every few milliseconds.
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  scratch.write("data.csv", "a,y\n3,2\n");
  std::filesystem::last_write_time(file, modified);
  CHECK(open_dataset(spec, scratch.options()).feature(0, 0) == 3);
}

TEST_CASE("source: $MLRUN_DATASETS goes first, and the shipped manifests are known") {
  const DataFolder scratch;
  scratch.write("mine.yaml", "name: higgs\ndescription: mine\ntrain: {path: nothing.csv}\n");
  ::setenv("MLRUN_DATASETS", scratch.path().c_str(), 1);
  const auto known = known_datasets(all_manifests(""), "");
  ::unsetenv("MLRUN_DATASETS");
  const auto named = [&](const std::string& name) {
    return std::find_if(known.begin(), known.end(),
                        [&](const KnownDataset& one) { return one.name == name; });
  };
  REQUIRE(named("higgs") != known.end());
  CHECK(named("higgs")->description == "mine");
  CHECK(named("higgs")->missing == std::vector<std::string>{"nothing.csv"});
  CHECK(named("fashion-mnist") != known.end());
}

TEST_CASE("source: what else lies in a folder of manifests is in nobody's way") {
  const DataFolder scratch;
  std::filesystem::create_directories(scratch.path() / "datasets");
  scratch.write("datasets/notes.yaml", "todo: label them\n");
  scratch.write("datasets/mine.yaml", "name: mine\ntrain: {path: nothing.csv}\n");
  const Manifests all = all_manifests(scratch.path());
  REQUIRE(all.others.size() == 1);
  CHECK(all.others[0].path.filename() == "notes.yaml");
  CHECK(std::any_of(all.known.begin(), all.known.end(),
                    [](const Manifest& one) { return one.name == "mine"; }));
  CHECK_THROWS_WITH_AS(find_source(with_source("notes"), scratch.options()),
                       doctest::Contains("unknown key 'todo' in manifest"), InputError);
}

TEST_CASE("source: HIGGS as it is shared") {
  const char* folder = std::getenv("MLRUN_SHARED_DATA");
  if (!folder) {
    MESSAGE("skipped: MLRUN_SHARED_DATA is not set");
    return;
  }
  const DataFolder scratch;
  config::DatasetSpec spec = with_source("$MLRUN_SHARED_DATA/higgs/higgs_dev.csv.gz");
  spec.target = {"label"};
  const Dataset d = open_dataset(spec, scratch.options(true));
  CHECK(d.rows == 46596);
  CHECK(d.width() == 28);
  CHECK(d.columns[0].name == "lepton_pT");
  CHECK(d.sha256 == "51f44cde9ab0d6f93b8c8ec683a12c1634afeb683d9bbc7ea7fad6568aab12fc");
  CHECK(std::count(d.classes, d.classes + d.rows, 1) == 24075);
}

}  // namespace mlrun::data
