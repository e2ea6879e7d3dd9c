#include "command.h"

#include <fmt/format.h>

#include <map>

#include "base/error.h"
#include "base/tell.h"
#include "device/gpu.h"
#include "device/gpu_choice.h"
#include "store/derived_file.h"
#include "trials/doubts.h"
#include "trials/gpu_absence.h"
#include "trials/run_files.h"

extern char** environ;

namespace mlrun::app {

void note(const std::string& text) { tell(text); }

void note_doubts(const trials::Search& search) {
  for (const std::string& text : trials::describe_doubts(search)) {
    note(fmt::format("warning: {}\n", text));
  }
}

void note_environment(const trials::Search& search) {
  for (const std::string& setting : search.environment) {
    note(fmt::format("from the environment: {}\n", setting));
  }
}

void ExperimentArguments::add_to(Verb& verb) {
  verb.add_option("config", file, "experiment file").required().shown_as("FILE.yaml");
  verb.add_option("overrides", overrides, "settings to change, such as train.epochs=5")
      .shown_as("KEY=VALUE");
  verb.add_option("--seed", seed, "root of every random number")
      .check(whole_number(0))
      .shown_as("N");
}

std::vector<std::string> ExperimentArguments::all_overrides() const {
  std::vector<std::string> all = overrides;
  if (seed >= 0) all.push_back("seed=" + std::to_string(seed));
  return all;
}

std::vector<std::string> ExperimentArguments::environment() {
  std::vector<std::string> settings;
  for (char** entry = environ; *entry; ++entry) settings.emplace_back(*entry);
  return settings;
}

void ModelArgument::add_to(Verb& verb) {
  verb.add_option("--model", given, "model file; default: results/<name>/model.h5")
      .shown_as("FILE");
}

std::filesystem::path ModelArgument::file(const std::string& name) const {
  namespace fs = std::filesystem;
  const fs::path path =
      given.empty() ? fs::path("results/" + name) / trials::kModelName : fs::path(given);
  if (!fs::exists(path)) {
    const bool was_run = fs::exists(path.parent_path() / trials::kResultsName);
    throw InputError(fmt::format(
        "no model '{}': {}, or name one with --model", path.string(),
        was_run ? "folds alone keep none; train without cv, or gridsearch" : "train it first"));
  }
  return path;
}

std::filesystem::path output_file(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  if (!fs::exists(path)) return path;
  if (fs::is_directory(path)) {
    throw InputError(fmt::format("'{}' is a folder, and the output is an HDF5 file: -o {}",
                                 path.string(), (path / "predictions.h5").string()));
  }
  if (!fs::is_regular_file(path)) {
    throw InputError(fmt::format("'{}' is no ordinary file", path.string()));
  }
  if (!store::is_derived_file(path)) {
    throw InputError(fmt::format(
        "'{}' exists and does not hold predictions of mlrun: name another file, or remove it",
        path.string()));
  }
  return fs::is_symlink(path) ? fs::canonical(path) : path;
}

void GpusArgument::add_to(Verb& verb) {
  verb.add_option("--gpus", given,
                  "none (the default), all, numbers such as 0,1 (see mlrun devices), or names such "
                  "as GPU-8932f937 and MIG-...; power, temperature and use are sampled twice a "
                  "second")
      .or_environment("MLRUN_GPUS")
      .shown_as("LIST");
}

std::vector<device::Gpu> GpusArgument::chosen() const {
  if (given == "none" || given.empty()) return {};
  const std::string& absence = trials::gpu_absence();
  if (!absence.empty()) throw InputError(fmt::format("--gpus {}: {}", given, absence));
  const device::GpuSurvey survey = device::survey_gpus();
  for (const std::string& text : survey.notes) note(text + "\n");
  std::vector<device::Gpu> gpus = device::choose_gpus(survey, given);
  if (device::are_unlike(gpus)) {
    note(
        "the GPUs are not of one compute capability: which one computes a trial, and with it the "
        "rounding, depends on who is free first\n");
  }
  return gpus;
}

void add_format_option(Verb& verb, Format& format) {
  static const std::map<std::string, Format> kFormats = {
      {"table", Format::kTable}, {"json", Format::kJson}, {"csv", Format::kCsv}};
  verb.add_option(
          "--format", [&format](const std::string& name) { format = kFormats.at(name); },
          "table, json or csv")
      .check(one_of({"table", "json", "csv"}))
      .shown_as("NAME");
}

}  // namespace mlrun::app
