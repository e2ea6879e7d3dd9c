// What a run promises whatever happens to it: the same tables, and no trial lost or repeated.
#include <doctest/doctest.h>
#include <signal.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <thread>

#include "base/file.h"
#include "base/philox.h"
#include "scratch_folder.h"
#include "store/model_file.h"
#include "store/results.h"
#include "trials/program.h"

using namespace mlrun;
using test::Program;
using test::run_program;

namespace {

// Long enough to be hit in the middle, short enough for a test.
constexpr const char* kSearch = R"(
name: moons
seed: 3
dataset:
  generate: {make_moons: {n_samples: 600, noise: 0.25}}
  split: {test: 0.2, stratify: true}
  standardize: true
model:
  - Dense: {units: 16, activation: relu}
  - Dropout: {rate: 0.1}
  - Dense: {units: 1, activation: sigmoid}
train:
  loss: binary_crossentropy
  optimizer: Adam
  batch_size: 16
  epochs: 60
  metrics: [accuracy, auc]
cv: {n_splits: 3, stratify: true, shuffle: true, n_repeats: 2}
param_grid:
  model.0.units: [8, 32]
  train.optimizer.learning_rate: [1e-2, 1e-3]
scoring: auc
)";

class SearchFolder {
 public:
  explicit SearchFolder(const std::string& text = kSearch) {
    std::ofstream(folder_ / "search.yaml") << text;
  }

  std::vector<std::string> command(const std::string& output,
                                   std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {"gridsearch", (folder_ / "search.yaml").string(), "-o",
                                      (folder_ / output).string()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  std::filesystem::path log() const { return folder_ / "log"; }
  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }

  store::ResultsFile results(const std::string& output) const {
    return store::read_results(folder_ / output / "results.h5");
  }

 private:
  ScratchFolder folder_;
};

bool is_time(const std::string& column) {
  return column == "seconds" || column.find("time") != std::string::npos;
}

// Bit for bit: NaN equals itself.
bool same_values(const store::Column& a, const store::Column& b) {
  const auto* x = std::get_if<std::vector<double>>(&a.values);
  const auto* y = std::get_if<std::vector<double>>(&b.values);
  if (!x || !y) return a == b;
  if (x->size() != y->size()) return false;
  return std::memcmp(x->data(), y->data(), x->size() * sizeof(double)) == 0;
}

void check_same_table(const store::ResultsFile& a, const store::ResultsFile& b,
                      const std::string& path) {
  CAPTURE(path);
  const store::Section* x = a.find(path);
  const store::Section* y = b.find(path);
  REQUIRE((x && y));
  REQUIRE(x->table.columns.size() == y->table.columns.size());
  for (size_t i = 0; i < x->table.columns.size(); ++i) {
    const std::string& name = x->table.columns[i].name;
    CAPTURE(name);
    CHECK(name == y->table.columns[i].name);
    if (!is_time(name)) CHECK(same_values(x->table.columns[i], y->table.columns[i]));
  }
}

// Who ran a trial, and how often it was tried, may differ.
void check_same_tables(const store::ResultsFile& a, const store::ResultsFile& b) {
  for (const char* path : {"/cells", "/history", "/predictions", "/folds/0", "/folds/5"}) {
    check_same_table(a, b, path);
  }
}

std::string status_of(const store::ResultsFile& results) {
  for (const auto& [name, value] : results.attributes) {
    if (name == "status") return std::get<std::string>(value);
  }
  return "";
}

store::ModelFile model_in(const std::string& content, const SearchFolder& folder) {
  std::ofstream(folder / "copy.h5", std::ios::binary) << content;
  return store::read_model(folder / "copy.h5");
}

void sleep_for(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

}  // namespace

TEST_CASE("trials: -j1 and -j2 give the same bits") {
  const SearchFolder folder;
  REQUIRE(run_program(folder.command("one", {"-j1"}), folder.log()) == 0);
  REQUIRE(run_program(folder.command("two", {"-j2"}), folder.log()) == 0);
  check_same_tables(folder.results("one"), folder.results("two"));
}

TEST_CASE("trials: stacks give the same bits as trials alone, folds of unequal size too") {
  const std::vector<std::string> more = {
      "dataset.generate.make_moons.n_samples=606", "train.epochs=12",
      "train.early_stopping={monitor: val_loss, patience: 2}", "train.validation_split=0.2",
      "param_grid={model.1.rate: [0, 0.1, 0.5], train.optimizer.learning_rate: [1e-2, 1e-3]}"};
  const SearchFolder folder;
  const auto run = [&](const std::string& output, std::vector<std::string> options) {
    options.insert(options.end(), more.begin(), more.end());
    return run_program(folder.command(output, options), folder.log());
  };
  REQUIRE(run("alone", {"-j1"}) == 0);
  REQUIRE(run("stacked", {"-j1", "--stack", "5"}) == 0);
  REQUIRE(run("spread", {"-j2", "--stack", "100"}) == 0);
  check_same_tables(folder.results("alone"), folder.results("stacked"));
  check_same_tables(folder.results("alone"), folder.results("spread"));
  check_same_table(folder.results("alone"), folder.results("stacked"), "/trials");
}

TEST_CASE("trials: stacks that are killed, interrupted and resumed end with the same bits") {
  const SearchFolder folder;
  REQUIRE(run_program(folder.command("whole"), folder.log()) == 0);
  const std::vector<std::string> stacked = {"--stack", "4", "--retries", "100",
                                            "train.checkpoint_every=3"};
  REQUIRE(run_program(folder.command("saved", {"train.checkpoint_every=3"}), folder.log()) == 0);
  const PhiloxStream draw(3, Purpose::kOrder);
  int code = 75;
  for (uint64_t round = 0; code == 75; ++round) {
    Program program(folder.command("hunted", stacked), folder.log());
    while (program.running() && program.children().empty()) sleep_for(0.001);
    for (int kills = 0; kills < 3 && program.running(); ++kills) {
      sleep_for(0.01 + 0.02 * draw.uniform(round, static_cast<uint64_t>(kills)));
      for (const pid_t worker : program.children()) ::kill(worker, SIGKILL);
    }
    if (round < 3) program.signal(round % 2 == 0 ? SIGINT : SIGTERM);
    code = program.wait();
  }
  CHECK(code == 0);
  check_same_tables(folder.results("whole"), folder.results("saved"));
  check_same_tables(folder.results("whole"), folder.results("hunted"));
}

TEST_CASE("trials: checkpoints are written where a grid asks for them") {
  const SearchFolder folder;
  Program program(folder.command("saved", {"-j1", "train.epochs=100000000",
                                           "param_grid={train.checkpoint_every: [1, 2]}"}),
                  folder.log());
  const std::filesystem::path checkpoints = folder / "saved" / "checkpoints";
  const auto are_there = [&] {
    return std::filesystem::exists(checkpoints) && !std::filesystem::is_empty(checkpoints);
  };
  while (program.running() && !are_there()) sleep_for(0.01);
  CHECK(are_there());
  program.signal(SIGTERM);
  CHECK(program.wait() == 75);
}

TEST_CASE("trials: SIGKILL of the parent at random moments costs nothing") {
  const SearchFolder folder;
  const auto start = std::chrono::steady_clock::now();
  REQUIRE(run_program(folder.command("whole"), folder.log()) == 0);
  const double whole =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const PhiloxStream draw(1, Purpose::kOrder);
  int kills = 0;
  for (uint64_t round = 0; kills < 20; ++round) {
    Program program(folder.command("killed"), folder.log());
    sleep_for(whole * 0.3 * draw.uniform(round, 0));
    kills += program.running() ? 1 : 0;
    program.signal(SIGKILL);
    program.wait();
    if (round % 7 == 6) {  // finished in between: begin again, so that all moments are hit
      REQUIRE(run_program(folder.command("killed"), folder.log()) == 0);
      check_same_tables(folder.results("whole"), folder.results("killed"));
      std::filesystem::remove_all(folder / "killed");
    }
  }
  REQUIRE(run_program(folder.command("killed"), folder.log()) == 0);
  check_same_tables(folder.results("whole"), folder.results("killed"));
}

TEST_CASE("trials: workers killed or aborted at random moments cost one attempt each") {
  const SearchFolder folder;
  REQUIRE(run_program(folder.command("whole"), folder.log()) == 0);
  const PhiloxStream draw(2, Purpose::kOrder);
  Program program(folder.command("hunted", {"--retries", "100"}), folder.log());
  int64_t kills = 0;
  for (uint64_t round = 0; program.running(); ++round) {
    sleep_for(0.002 + 0.01 * draw.uniform(round, 0));
    const std::vector<pid_t> workers = program.children();
    if (workers.empty() || kills == 20) continue;
    ::kill(workers[draw.below(round, 1, workers.size())], round % 2 == 0 ? SIGKILL : SIGABRT);
    ++kills;
  }
  CHECK(program.wait() == 0);
  CHECK(kills > 3);
  check_same_tables(folder.results("whole"), folder.results("hunted"));
}

TEST_CASE("trials: a worker that is always lost fails its trial and no other") {
  const SearchFolder folder;
  REQUIRE(run_program(folder.command("whole"), folder.log()) == 0);
  Program program(folder.command("lossy", {"--retries", "0", "-j1"}), folder.log());
  while (program.running() && program.children().empty()) sleep_for(0.001);
  sleep_for(0.01);
  for (const pid_t worker : program.children()) ::kill(worker, SIGKILL);
  CHECK(program.wait() == 3);
  const store::ResultsFile whole = folder.results("whole");
  const store::ResultsFile lossy = folder.results("lossy");
  const auto& scores =
      std::get<std::vector<double>>(whole.find("/trials")->table.find("test_auc")->values);
  const auto& with_loss =
      std::get<std::vector<double>>(lossy.find("/trials")->table.find("test_auc")->values);
  const auto& status =
      std::get<std::vector<std::string>>(lossy.find("/trials")->table.find("status")->values);
  int crashed = 0;
  for (size_t i = 0; i < 24; ++i) {
    if (status[i] == "crashed") {
      ++crashed;
      CHECK(std::isnan(with_loss[i]));
    } else {
      CHECK(with_loss[i] == scores[i]);
    }
  }
  CHECK(crashed == 1);
  // The same command again runs the lost one, and only that one.
  CHECK(run_program(folder.command("lossy"), folder.log()) == 0);
  check_same_tables(whole, folder.results("lossy"));
}

TEST_CASE("trials: a cell that diverges is named, ranks last and ends the run with 3") {
  std::string text = kSearch;
  text.replace(text.find("[1e-2, 1e-3]"), 12, "[1e-2, 1e38]");
  text.replace(text.find("optimizer: Adam"), 15, "optimizer: SGD ");
  text.replace(text.find("activation: relu"), 16, "activation: tanh");
  const SearchFolder folder(text);
  CHECK(run_program(folder.command("out"), folder.log()) == 3);
  const store::ResultsFile results = folder.results("out");
  const auto& rank =
      std::get<std::vector<int32_t>>(results.find("/cells")->table.find("rank_test_auc")->values);
  const auto& mean =
      std::get<std::vector<double>>(results.find("/cells")->table.find("mean_test_auc")->values);
  CHECK(rank[1] == 3);
  CHECK(rank[3] == 3);
  CHECK(std::isnan(mean[1]));
  CHECK(mean[0] > 0.5);
  CHECK(read_file(folder.log()).find("diverged") != std::string::npos);
  CHECK(run_program(folder.command("stop", {"--on-error", "stop"}), folder.log()) == 1);
}

TEST_CASE("trials: SIGINT and the time budget end a run resumably with 75") {
  const SearchFolder folder;
  REQUIRE(run_program(folder.command("whole"), folder.log()) == 0);
  Program program(folder.command("cut", {"train.epochs=60"}), folder.log());
  while (program.running() && program.children().empty()) sleep_for(0.001);
  program.signal(SIGINT);
  CHECK(program.wait() == 75);
  CHECK(run_program(folder.command("cut", {"--time-budget", "0.05s"}), folder.log()) == 75);
  CHECK(status_of(folder.results("cut")) == "partial");
  CHECK(run_program(folder.command("cut"), folder.log()) == 0);
  check_same_tables(folder.results("whole"), folder.results("cut"));
}

TEST_CASE("trials: a file of results is that of its run, or is written again") {
  const SearchFolder folder;
  Program program(folder.command("cut"), folder.log());
  while (program.running() && program.children().empty()) sleep_for(0.001);
  program.signal(SIGINT);
  REQUIRE(program.wait() == 75);
  const std::filesystem::path file = folder / "cut" / "results.h5";
  const std::string partial = read_file(file);
  REQUIRE(run_program(folder.command("cut"), folder.log()) == 0);
  const store::ResultsFile complete = folder.results("cut");
  REQUIRE(run_program(folder.command("other", {"seed=4", "train.epochs=2"}), folder.log()) == 0);
  for (const std::string& found : {partial, read_file(folder / "other" / "results.h5"),
                                   partial.substr(0, 1000), std::string()}) {
    std::ofstream(file, std::ios::binary) << found;
    std::filesystem::create_directories(folder / "cut" / "checkpoints");
    REQUIRE(run_program(folder.command("cut"), folder.log()) == 0);
    check_same_tables(folder.results("cut"), complete);
    CHECK(status_of(folder.results("cut")) == "complete");
    CHECK(!std::filesystem::exists(folder / "cut" / "checkpoints"));
    CHECK(read_file((folder / "cut" / "results.h5.changed")) == found);
  }
  const std::filesystem::path model = folder / "cut" / "model.h5";
  const std::string trained = read_file(model);
  std::filesystem::copy_file(folder / "other" / "model.h5", model,
                             std::filesystem::copy_options::overwrite_existing);
  REQUIRE(run_program(folder.command("cut"), folder.log()) == 0);
  CHECK(read_file(model).size() == trained.size());
  CHECK(store::read_model(model).weights == model_in(trained, folder).weights);
}

TEST_CASE("trials: results of trials that were lost are written again with what came of them") {
  const SearchFolder folder;
  const std::vector<std::string> more = {"-j1", "--retries", "0"};
  Program program(folder.command("run", more), folder.log());
  while (program.running() && program.children().empty()) sleep_for(0.001);
  for (const pid_t worker : program.children()) ::kill(worker, SIGKILL);
  REQUIRE(program.wait() == 3);
  const std::string lost = read_file(folder / "run" / "results.h5");
  REQUIRE(run_program(folder.command("run", more), folder.log()) == 0);
  const store::ResultsFile complete = folder.results("run");
  // As if the second run had ended before it wrote its results.
  std::ofstream(folder / "run" / "results.h5", std::ios::binary) << lost;
  REQUIRE(run_program(folder.command("run", more), folder.log()) == 0);
  check_same_tables(folder.results("run"), complete);
}

TEST_CASE("trials: what ends in the grace after an interruption counts") {
  const SearchFolder folder(std::string(kSearch, std::strstr(kSearch, "cv:")));
  const std::vector<std::string> one = {"train.epochs=1", "train.checkpoint_every=1", "-q",
                                        "dataset.generate.make_moons.n_samples=100000"};
  const auto train = [&](std::vector<std::string> more) {
    std::vector<std::string> words = folder.command("cut", one);
    words[0] = "train";
    words.insert(words.end(), more.begin(), more.end());
    return run_program(words, folder.log());
  };
  const int code = train({"--time-budget", "0.05s"});
  CHECK(status_of(folder.results("cut")) == (code == 0 ? "complete" : "partial"));
  CHECK_MESSAGE(train({}) == 0, read_file(folder.log()));
  CHECK(status_of(folder.results("cut")) == "complete");
}

TEST_CASE("trials: a run whose folder is removed says so and ends") {
  const SearchFolder folder;
  Program program(folder.command("gone", {"-j1"}), folder.log());
  while (program.running() && program.children().empty()) sleep_for(0.001);
  std::filesystem::remove_all(folder / "gone");
  CHECK(program.wait() == 1);
  CHECK(read_file(folder.log()).find("was moved or removed while its run went on") !=
        std::string::npos);
}

TEST_CASE("trials: another number of threads is the same run") {
  const SearchFolder folder;
  REQUIRE(run_program(folder.command("run", {"threads=1", "train.epochs=2"}), folder.log()) == 0);
  const std::string results = read_file(folder / "run" / "results.h5");
  CHECK(run_program(folder.command("run", {"threads=2", "train.epochs=2"}), folder.log()) == 0);
  CHECK(read_file(folder / "run" / "results.h5") == results);
}
