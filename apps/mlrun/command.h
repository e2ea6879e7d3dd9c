// What the verbs share. main.cpp adds each verb.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "command_line.h"
#include "device/gpu_survey.h"
#include "store/table.h"
#include "trials/progress.h"
#include "trials/search.h"

namespace mlrun::app {

/// Exit codes: part of the interface (README).
enum ExitCode {
  kSuccess = 0,
  kRunFailed = 1,
  kBadInput = 2,
  kSomeTrialsFailed = 3,
  kInterrupted = 75,  ///< or the folder is in use: the same command goes on later
};

void add_check_command(CommandLine& line);
void add_data_command(CommandLine& line);
void add_devices_command(CommandLine& line);
void add_generate_command(CommandLine& line);
void add_help_command(CommandLine& line);
void add_predict_command(CommandLine& line);
void add_scale_command(CommandLine& line);
void add_search_commands(CommandLine& line);
void add_translate_command(CommandLine& line);

/// `config.yaml [key.sub=value ...]` and --seed, as every verb takes them.
struct ExperimentArguments {
  std::string file;
  std::vector<std::string> overrides;
  int64_t seed = -1;

  void add_to(Verb& verb);

  /// With --seed as the last override and the MLRUN_ environment.
  std::vector<std::string> all_overrides() const;
  static std::vector<std::string> environment();
};

/// --model FILE of the verbs that use what was trained.
struct ModelArgument {
  std::string given;

  void add_to(Verb& verb);

  /// The model of the experiment `name`; InputError where there is none.
  std::filesystem::path file(const std::string& name) const;
};

/// Where a verb may write its HDF5 file: `path`, or what it links to. InputError where that is a
/// folder or no ordinary file, or was not made by such a verb, which would be lost.
std::filesystem::path output_file(const std::filesystem::path& path);

/// --gpus, of the verbs that run an experiment or say what would run.
struct GpusArgument {
  std::string given = "none";

  void add_to(Verb& verb);

  /// The GPUs; none for "none". InputError where this mlrun cannot compute on GPUs, or there are no
  /// such GPUs. Notes what CUDA_VISIBLE_DEVICES names in vain.
  std::vector<device::Gpu> chosen() const;
};

enum class Format { kTable, kJson, kCsv };

/// Text on stderr, for people. That nobody reads it is no error.
void note(const std::string& text);

/// Warnings of what the experiment hardly means.
void note_doubts(const trials::Search& search);

/// Says which settings come from the environment: an export that was forgotten changes results.
void note_environment(const trials::Search& search);

void add_format_option(Verb& verb, Format& format);

/// Rows on stdout: aligned columns, a JSON array of objects, or CSV.
void print_table(const store::Table& table, Format format);

}  // namespace mlrun::app
