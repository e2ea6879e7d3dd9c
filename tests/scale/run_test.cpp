// mlrun scale as a user meets it: resumed after any end, printed when complete.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>

#include "base/file.h"
#include "scratch_folder.h"
#include "store/results.h"
#include "trials/program.h"

using namespace mlrun;
using test::Program;
using test::run_program;

namespace {

constexpr const char* kExperiment = R"(
name: moons
seed: 3
dataset: {generate: {make_moons: {n_samples: 2000, noise: 0.25}}}
model:
  - Dense: {units: 16, activation: relu}
  - Dense: {units: 1, activation: sigmoid}
train: {loss: binary_crossentropy, optimizer: Adam, epochs: 3}
)";

class StudyFolder {
 public:
  StudyFolder() {
    std::ofstream(folder_ / "study.yaml") << kExperiment;
    std::ofstream(log()).flush();
  }

  int run(std::vector<std::string> more = {}) const {
    std::ofstream(log(), std::ios::trunc).flush();
    return run_program(command(std::move(more)), log());
  }

  std::vector<std::string> command(std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {"scale",    (folder_ / "study.yaml").string(),
                                      "-o",       (folder_ / "out").string(),
                                      "--counts", "1"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  std::filesystem::path log() const { return folder_ / "log"; }
  std::string printed() const { return read_file(log()); }
  store::ResultsFile results() const { return store::read_results(folder_ / "out" / "results.h5"); }

 private:
  ScratchFolder folder_;
};

std::string attribute(const store::ResultsFile& file, const std::string& name) {
  for (const auto& [key, value] : file.attributes) {
    if (key == name) return std::get<std::string>(value);
  }
  return "(none)";
}

template <class T>
std::vector<T> column(const store::ResultsFile& file, const std::string& name) {
  const store::Section* scale = file.find("/scale");
  REQUIRE(scale);
  for (const store::Column& one : scale->table.columns) {
    if (one.name == name) return std::get<std::vector<T>>(one.values);
  }
  FAIL("no column " << name);
  return {};
}

}  // namespace

TEST_CASE("the second run prints the study and measures nothing") {
  const StudyFolder folder;
  REQUIRE(folder.run({"--repeats", "2", "-q"}) == 0);
  const std::string first = folder.printed();
  const store::ResultsFile results = folder.results();
  CHECK(attribute(results, "status") == "complete");
  CHECK(column<double>(results, "seconds").size() == 2 * 2 * 2);
  CHECK(folder.run({"--repeats", "2", "-q"}) == 0);
  CHECK(folder.printed() == first);
  CHECK(folder.results() == results);
}

TEST_CASE("another study is refused, unless --overwrite") {
  const StudyFolder folder;
  REQUIRE(folder.run({"--repeats", "1"}) == 0);
  CHECK(folder.run({"--repeats", "2"}) == 2);
  CHECK(folder.printed().find("use another folder (-o) or --overwrite") != std::string::npos);
  CHECK(folder.run({"--repeats", "1", "--dry-run"}) == 0);
  CHECK(folder.run({"--repeats", "2", "--dry-run"}) == 2);
  CHECK(folder.printed().find("use another folder (-o) or --overwrite") != std::string::npos);
  CHECK(folder.run({"--repeats", "2", "--dry-run", "--overwrite"}) == 0);
  CHECK(folder.run({"--repeats", "2", "--overwrite"}) == 0);
  CHECK(column<double>(folder.results(), "seconds").size() == 8);
}

TEST_CASE("an interrupted study keeps what it measured, and goes on") {
  const StudyFolder folder;
  const std::vector<std::string> more = {"train.epochs=200", "--repeats", "2", "--over", "threads"};
  Program program(folder.command(more), folder.log());
  while (folder.printed().find("[1/4]") == std::string::npos && program.running()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  program.signal(SIGINT);
  CHECK(program.wait() == 75);
  const store::ResultsFile partial = folder.results();
  CHECK(attribute(partial, "status") == "partial");
  const std::vector<double> kept = column<double>(partial, "seconds");
  REQUIRE(!kept.empty());
  REQUIRE(kept.size() < 4);
  CHECK(folder.run(more) == 0);
  const std::vector<double> all = column<double>(folder.results(), "seconds");
  CHECK(all.size() == 4);
  CHECK(std::equal(kept.begin(), kept.end(), all.begin()));
}

TEST_CASE("stacks are measured on the CPU where no GPU is named") {
  const StudyFolder folder;
  REQUIRE(folder.run({"--over", "stack", "--counts", "1,4", "--repeats", "1", "-q"}) == 0);
  const store::ResultsFile results = folder.results();
  CHECK(attribute(results, "gpus") == "");
  const std::vector<int32_t> stack = column<int32_t>(results, "stack");
  CHECK(std::count(stack.begin(), stack.end(), 4) == 2);  // strong, weak
  CHECK(column<int32_t>(results, "workers") == std::vector<int32_t>(4, 1));
}

TEST_CASE("all trainings of a study are of the same epochs") {
  const StudyFolder folder;
  const std::vector<std::string> more = {"--over", "workers", "--repeats", "1"};
  REQUIRE(folder.run(more) == 0);
  const std::vector<double> all = column<double>(folder.results(), "loss");
  std::vector<std::string> stopping = more;
  stopping.insert(stopping.begin(), "train.early_stopping={monitor: loss, min_delta: 10}");
  stopping.push_back("--overwrite");
  REQUIRE_MESSAGE(folder.run(stopping) == 0, folder.printed());
  CHECK(folder.printed().find("early_stopping is left out") != std::string::npos);
  CHECK(column<double>(folder.results(), "loss") == all);
}

TEST_CASE("what is varied is told beside what was measured") {
  const StudyFolder folder;
  REQUIRE(folder.run({"--over", "workers", "--mode", "strong", "--repeats", "1", "--vary",
                      "train.batch_size=16,64"}) == 0);
  for (const char* text : {"strategy  mode    params", "workers   strong  batch_size=16",
                           "workers strong, batch_size=64, 65 parameters: Amdahl"}) {
    CHECK_MESSAGE(folder.printed().find(text) != std::string::npos, folder.printed());
  }
  std::vector<std::string> params = column<std::string>(folder.results(), "params");
  std::sort(params.begin(), params.end());
  CHECK(params == std::vector<std::string>{"batch_size=16", "batch_size=64"});
}

TEST_CASE("what cannot be measured here is refused") {
  const StudyFolder folder;
  CHECK(folder.run({"--over", "streams"}) == 2);
  CHECK(folder.printed() == "mlrun: error: --over streams needs GPUs: name them with --gpus\n");
  CHECK(folder.run({"--over", "workers", "--counts", "1000"}) == 2);
  CHECK(folder.printed().starts_with("mlrun: error: --over workers: 1000 exceed the "));
  CHECK(folder.run({"--over", "gpu"}) == 2);
  CHECK(folder.printed().find("did you mean 'gpus'?") != std::string::npos);
  CHECK(folder.run({"--gpus", "7"}) == 2);
  CHECK(folder.printed().find("error: --gpus 7: ") != std::string::npos);
  CHECK(!std::filesystem::exists(folder.log().parent_path() / "out"));
}

TEST_CASE("--dry-run says what would be measured and writes nothing") {
  const StudyFolder folder;
  CHECK(folder.run({"--dry-run", "--repeats", "2", "--vary", "model.0.units=8,16"}) == 0);
  CHECK(folder.printed().find("moons: 16 measurements of 2 cells") != std::string::npos);
  CHECK(folder.run({"--dry-run", "--repeats", "2", "--vary", "model.0.units=8,16", "--over",
                    "workers,workers,threads", "--mode", "weak,strong,weak"}) == 0);
  CHECK(folder.printed().find("moons: 16 measurements of 2 cells") != std::string::npos);
  CHECK(!std::filesystem::exists(folder.log().parent_path() / "out"));
}
