#include "trials/initial_weights.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/sha256.h"
#include "data/manifest.h"

namespace mlrun::trials {

namespace fs = std::filesystem;

std::shared_ptr<const store::ModelFile> WeightFiles::open(const config::TrainSpec& spec,
                                                          Diagnostics& diagnostics) {
  if (!spec.initial_weights) return nullptr;
  const Mark& mark = spec.initial_weights_mark;
  const fs::path written = data::expand_variables(*spec.initial_weights, mark);
  const fs::path path = (base_ / written).lexically_normal();
  if (const auto known = files_.find(path); known != files_.end()) return known->second;
  if (!fs::exists(path)) {
    diagnostics.error(mark, fmt::format("no such file: '{}'", path.string()));
    return nullptr;
  }
  try {
    return files_[path] = std::make_shared<store::ModelFile>(store::read_model(path));
  } catch (const Error& error) {
    files_.erase(path);
    diagnostics.error(mark, fmt::format("initial_weights is no model: {}", error.what()));
    return nullptr;
  }
}

std::string WeightFiles::digest() const {
  if (files_.empty()) return "";
  Sha256 sum;
  for (const auto& [path, file] : files_) {
    for (const store::NamedArray& array : file->weights) {
      sum.add(fmt::format("{} {}\n", array.name, fmt::join(array.shape, ",")));
      sum.add({reinterpret_cast<const char*>(array.values.data()),
               array.values.size() * sizeof(float)});
    }
  }
  return sum.hex();
}

std::vector<fs::path> WeightFiles::paths() const {
  std::vector<fs::path> paths;
  for (const auto& [path, file] : files_) paths.push_back(path);
  return paths;
}

std::string describe(const train::TakeOver& start) {
  std::string text = fmt::format("initial weights: {} of {} taken\n", start.taken.size(),
                                 start.taken.size() + start.fresh.size());
  const auto line = [&](const char* what, const std::vector<std::string>& names) {
    if (!names.empty()) text += fmt::format("  {}: {}\n", what, fmt::join(names, ", "));
  };
  line("taken", start.taken);
  line("not in the file", start.fresh);
  line("left in the file", start.unused);
  return text;
}

}  // namespace mlrun::trials
