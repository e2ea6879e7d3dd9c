#include "workspace.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>

#include "base/file.h"
#include "places.h"

extern char** environ;

namespace mlrun::test {
namespace {

constexpr const char* kMoons = R"(name: moons
seed: 3
dataset:
  generate: {make_moons: {n_samples: 200, noise: 0.2}}
  split: {test: 0.2}
model:
  - Dense: {units: 8, activation: relu}
  - Dense: {units: 1, activation: sigmoid}
train:
  loss: binary_crossentropy
  optimizer: Adam
  epochs: 2
  metrics: [accuracy, auc]
)";

constexpr const char* kGrid = R"(cv: {n_splits: 3, stratify: true}
param_grid: {model.0.units: [4, 8]}
scoring: auc
)";

std::string without_settings() {
  std::string line;
  for (char** entry = environ; *entry; ++entry) {
    const std::string setting = *entry;
    if (setting.starts_with("MLRUN_")) {
      line += fmt::format("unset {}; ", setting.substr(0, setting.find('=')));
    }
  }
  return line;
}

}  // namespace

Workspace::Workspace() {
  write("moons.yaml", kMoons);
  write("grid.yaml", std::string(kMoons) + kGrid);
}

Answer Workspace::run(const std::string& line) const {
  write(".command", fmt::format("cd '{}'\n{}\nexport MLRUN_CACHE=$PWD/cache PATH='{}':$PATH\n{}\n",
                                (folder_ / "").string(), without_settings(),
                                test::program().parent_path().string(), line));
  const std::string folder = (folder_ / "").string();
  const int status = std::system(
      fmt::format("bash '{0}.command' >'{0}.out' 2>'{0}.err' </dev/null", folder).c_str());
  return {WEXITSTATUS(status), read(".out"), read(".err")};
}

void Workspace::write(const std::string& name, const std::string& content) const {
  std::ofstream(folder_ / name) << content;
}

std::string Workspace::read(const std::string& name) const { return read_file(folder_ / name); }

bool Workspace::has(const std::string& name) const {
  return std::filesystem::exists(folder_ / name);
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace mlrun::test
