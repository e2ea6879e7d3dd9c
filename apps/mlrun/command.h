// What the verbs share. main.cpp adds each verb; a verb parses its words and returns an exit code.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "device/gpu_survey.h"
#include "store/table.h"
#include "trials/progress.h"

namespace mlrun::app {

/// Exit codes: part of the interface (README).
enum ExitCode {
  kSuccess = 0,
  kRunFailed = 1,
  kBadInput = 2,
  kSomeTrialsFailed = 3,
  kInterrupted = 75,
};

/// The verb that was chosen, to be run after parsing.
using Action = std::function<int()>;

/// The command line as the user wrote it, for the results file.
struct Invocation {
  std::string command_line;
  Action action;
};

void add_check_command(CLI::App& app, Invocation& invocation);
void add_data_command(CLI::App& app, Invocation& invocation);
void add_devices_command(CLI::App& app, Invocation& invocation);
void add_generate_command(CLI::App& app, Invocation& invocation);
void add_help_command(CLI::App& app, Invocation& invocation);
void add_predict_command(CLI::App& app, Invocation& invocation);
void add_scale_command(CLI::App& app, Invocation& invocation);
void add_search_commands(CLI::App& app, Invocation& invocation);
void add_translate_command(CLI::App& app, Invocation& invocation);

/// `config.yaml [key.sub=value ...]` and --seed, as every verb takes them.
struct ExperimentArguments {
  std::string file;
  std::vector<std::string> overrides;
  int64_t seed = -1;

  void add_to(CLI::App& command);

  /// With --seed as the last override and the MLRUN_ environment.
  std::vector<std::string> all_overrides() const;
  static std::vector<std::string> environment();
};

/// --model FILE of the verbs that use what was trained.
struct ModelArgument {
  std::string given;

  void add_to(CLI::App& command);

  /// The model of the experiment `name`; InputError where there is none.
  std::filesystem::path file(const std::string& name) const;
};

/// --gpus, of the verbs that run an experiment or say what would run.
struct GpusArgument {
  std::string given = "none";

  void add_to(CLI::App& command);

  /// The GPUs; none for "none". InputError where this mlrun cannot compute on GPUs, or there are no
  /// such GPUs. Notes what CUDA_VISIBLE_DEVICES names in vain.
  std::vector<device::Gpu> chosen() const;
};

enum class Format { kTable, kJson, kCsv };

/// Text on stderr, for people. That nobody reads it is no error.
void note(const std::string& text);

/// The words of the command line are at fault: prints what is wrong and the likeliest meant.
void print_usage_error(const CLI::App& app, int argc, char** argv, const CLI::ParseError& error);

/// Accepts these words only, and says which when it gets another.
CLI::Validator one_of(std::vector<std::string> words);

/// Accepts whole numbers from `least` on.
CLI::Validator whole_number(int64_t least);

void add_format_option(CLI::App& command, Format& format);

/// Rows on stdout: aligned columns, a JSON array of objects, or CSV.
void print_table(const store::Table& table, Format format);

}  // namespace mlrun::app
