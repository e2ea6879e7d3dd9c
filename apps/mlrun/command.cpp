#include "command.h"

#include <map>

extern char** environ;

namespace mlrun::app {

void ExperimentArguments::add_to(CLI::App& command) {
  command.add_option("config", file, "experiment file")->required();
  command.add_option("overrides", overrides, "settings to change, key.sub=value");
  command.add_option("--seed", seed, "root of every random number")->check(CLI::NonNegativeNumber);
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

void add_format_option(CLI::App& command, Format& format) {
  static const std::map<std::string, Format> kFormats = {
      {"table", Format::kTable}, {"json", Format::kJson}, {"csv", Format::kCsv}};
  command.add_option("--format", format, "table, json or csv")
      ->transform(CLI::CheckedTransformer(kFormats, CLI::ignore_case).description(""));
}

}  // namespace mlrun::app
