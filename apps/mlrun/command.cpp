#include "command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "base/error.h"
#include "base/suggest.h"
#include "config/scalar.h"
#include "device/gpu.h"
#include "device/gpu_choice.h"
#include "trials/gpu_absence.h"

extern char** environ;

namespace mlrun::app {

void note(const std::string& text) { std::fputs(text.c_str(), stderr); }

CLI::Validator one_of(std::vector<std::string> words) {
  const auto check = [words = std::move(words)](const std::string& word) -> std::string {
    if (std::find(words.begin(), words.end(), word) != words.end()) return "";
    return fmt::format("must be one of {}, not '{}'{}", fmt::join(words, ", "), word,
                       did_you_mean(word, words));
  };
  return {check, "", ""};
}

CLI::Validator whole_number(int64_t least) {
  const auto check = [least](const std::string& word) -> std::string {
    const auto value = config::parse_int(word);
    if (value && *value >= least && *value < (int64_t{1} << 31)) return "";
    return fmt::format("must be a whole number, at least {}, not '{}'", least, word);
  };
  return {check, "", ""};
}

void ExperimentArguments::add_to(CLI::App& command) {
  command.add_option("config", file, "experiment file")->required()->type_name("FILE.yaml");
  command.add_option("overrides", overrides, "settings to change, such as train.epochs=5")
      ->type_name("KEY=VALUE");
  command.add_option("--seed", seed, "root of every random number")
      ->check(whole_number(0))
      ->type_name("N");
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

void ModelArgument::add_to(CLI::App& command) {
  command.add_option("--model", given, "model file; default: results/<name>/model.h5")
      ->type_name("FILE");
}

std::filesystem::path ModelArgument::file(const std::string& name) const {
  const std::filesystem::path path = given.empty() ? "results/" + name + "/model.h5" : given;
  if (!std::filesystem::exists(path)) {
    throw InputError(
        fmt::format("no model '{}': train it first, or name one with --model", path.string()));
  }
  return path;
}

void GpusArgument::add_to(CLI::App& command) {
  command
      .add_option("--gpus", given,
                  "none (the default), all, numbers such as 0,1 (see mlrun devices), or names such "
                  "as GPU-8932f937 and MIG-...; power, temperature and use are sampled twice a "
                  "second")
      ->envname("MLRUN_GPUS")
      ->type_name("LIST");
}

std::vector<device::Gpu> GpusArgument::chosen() const {
  if (given == "none" || given.empty()) return {};
  const std::string& absence = trials::gpu_absence();
  if (!absence.empty()) throw InputError(fmt::format("--gpus {}: {}", given, absence));
  const device::GpuSurvey survey = device::survey_gpus();
  for (const std::string& text : survey.notes) note(text + "\n");
  return device::choose_gpus(survey, given);
}

void add_format_option(CLI::App& command, Format& format) {
  static const std::map<std::string, Format> kFormats = {
      {"table", Format::kTable}, {"json", Format::kJson}, {"csv", Format::kCsv}};
  command
      .add_option_function<std::string>(
          "--format", [&format](const std::string& name) { format = kFormats.at(name); },
          "table, json or csv")
      ->check(one_of({"table", "json", "csv"}))
      ->type_name("NAME");
}

}  // namespace mlrun::app
