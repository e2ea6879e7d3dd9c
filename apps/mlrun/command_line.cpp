#include "command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>

#include "base/suggest.h"
#include "base/tell.h"
#include "config/scalar.h"

namespace mlrun::app {
namespace {

std::vector<std::string> verbs_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(verb->get_name());
  }
  return names;
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// The verb that was given, or the program itself.
const CLI::App& innermost(const CLI::App& app) {
  const auto given = app.get_subcommands();
  return given.empty() ? app : innermost(*given.front());
}

std::string full_name(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  return parent ? full_name(*parent) + " " + app.get_name() : app.get_name();
}

bool names_file(const std::string& word) {
  return word.ends_with(".yaml") || word.ends_with(".yml");
}

std::string about_option(const CLI::App& at, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  const std::string hint = name.starts_with("--") ? did_you_mean(name, options_of(at)) : "";
  return fmt::format("{} has no option '{}'{}", full_name(at), name, hint);
}

std::string about_verb(const CLI::App& at, const std::string& word) {
  if (names_file(word)) {
    return fmt::format("no verb before '{0}'; to run the experiment: mlrun train {0}", word);
  }
  const std::vector<std::string> verbs = verbs_of(at);
  std::string hint = did_you_mean(word, verbs);
  if (hint.empty()) hint = fmt::format("; it has {}", fmt::join(verbs, ", "));
  return fmt::format("{} has no verb '{}'{}", full_name(at), word, hint);
}

// For CLI11 an error in a variable is one of its option.
std::string from_environment(const CLI::App& at, const std::string& error) {
  for (const CLI::Option* option : at.get_options()) {
    const std::string prefix = option->get_name() + ":";
    const std::string variable = option->get_envname();
    const char* value = variable.empty() ? nullptr : std::getenv(variable.c_str());
    if (!value || !error.starts_with(prefix) || error.find(value) == error.npos) continue;
    return variable + error.substr(prefix.size() - 1);
  }
  return error;
}

// CLI11 reads the variables of every verb, also of those that are not run: not while this lives.
class HiddenVariables {
 public:
  void hide(CLI::App& verb) {
    for (CLI::Option* option : verb.get_options()) {
      hidden_.emplace_back(option, option->get_envname());
      option->envname("");
    }
    for (CLI::App* inner : verb.get_subcommands({})) hide(*inner);
  }
  ~HiddenVariables() {
    for (const auto& [option, variable] : hidden_) option->envname(variable);
  }

 private:
  std::vector<std::pair<CLI::Option*, std::string>> hidden_;
};

std::string explain(const CLI::App& at, const std::vector<std::string>& rest,
                    const CLI::ParseError& error) {
  const auto is_option = [](const std::string& word) { return word.size() > 1 && word[0] == '-'; };
  const auto unknown = std::find_if(rest.begin(), rest.end(), is_option);
  const std::vector<std::string> verbs = verbs_of(at);
  if (unknown != rest.end()) return about_option(at, *unknown);
  if (!verbs.empty() && !rest.empty()) return about_verb(at, rest.front());
  if (!rest.empty()) return fmt::format("{} cannot use '{}'", full_name(at), rest.front());
  for (const CLI::Option* option : at.get_options()) {
    if (!option->get_required() || option->count() > 0) continue;
    return fmt::format("{} needs {} ({})", full_name(at),
                       option->get_positional() ? option->get_type_name() : option->get_name(),
                       option->get_description());
  }
  if (!verbs.empty()) {
    return fmt::format("{} needs a verb: {}", full_name(at), fmt::join(verbs, ", "));
  }
  return from_environment(at, error.what());
}

// What is wrong with the words, and what was likely meant.
std::string describe_error(const CLI::App& app, int argc, char** argv,
                           const CLI::ParseError& error) {
  if (argc < 2) return app.help();
  const CLI::App& at = innermost(app);
  std::vector<std::string> rest = app.remaining(true);
  // A verb that is not known ends the parsing before anything is left over.
  if (rest.empty() && !verbs_of(at).empty()) {
    const size_t depth = at.get_parent() ? 2 : 1;
    if (static_cast<size_t>(argc) > depth) rest.emplace_back(argv[depth]);
  }
  return fmt::format("mlrun: error: {}\nTry '{} --help'.\n", explain(at, rest, error),
                     full_name(at));
}

}  // namespace

Check one_of(std::vector<std::string> words) {
  return [words = std::move(words)](const std::string& word) -> std::string {
    if (std::find(words.begin(), words.end(), word) != words.end()) return "";
    return fmt::format("must be one of {}, not '{}'{}", fmt::join(words, ", "), word,
                       did_you_mean(word, words));
  };
}

Check whole_number(int64_t least) {
  return [least](const std::string& word) -> std::string {
    const auto value = config::parse_int(word);
    if (value && *value >= least && *value < (int64_t{1} << 31)) return "";
    return fmt::format("must be a whole number, at least {}, not '{}'", least, word);
  };
}

Check whole_number(int64_t least, int64_t most) {
  return [least, most](const std::string& word) -> std::string {
    const auto value = config::parse_int(word);
    if (value && *value >= least && *value <= most) return "";
    return fmt::format("must be a whole number from {} to {}, not '{}'", least, most, word);
  };
}

Check non_negative() {
  return [](const std::string& word) -> std::string {
    const auto value = config::parse_float(word);
    if (value && *value >= 0) return "";
    return fmt::format("must be a number, at least 0, not '{}'", word);
  };
}

Option& Option::required() {
  option_->required();
  return *this;
}

Option& Option::check(Check check) {
  option_->check(CLI::Validator(std::move(check), "", ""));
  return *this;
}

Option& Option::shown_as(const std::string& value) {
  option_->type_name(value);
  return *this;
}

Option& Option::or_environment(const std::string& variable) {
  option_->envname(variable);
  return *this;
}

Option& Option::separated_by_commas() {
  option_->delimiter(',');
  return one_value_each();
}

Option& Option::one_value_each() {
  option_->allow_extra_args(false);
  return *this;
}

Option& Option::excludes(const Option& other) {
  option_->excludes(other.option_);
  return *this;
}

Verb Verb::add_verb(const std::string& name, const std::string& help) {
  app_->require_subcommand(1);
  return Verb(app_->add_subcommand(name, help), chosen_);
}

Option Verb::add_option(const std::string& names, std::string& value, const std::string& help) {
  return Option(app_->add_option(names, value, help));
}

Option Verb::add_option(const std::string& names, int& value, const std::string& help) {
  return Option(app_->add_option(names, value, help));
}

Option Verb::add_option(const std::string& names, int64_t& value, const std::string& help) {
  return Option(app_->add_option(names, value, help));
}

Option Verb::add_option(const std::string& names, uint64_t& value, const std::string& help) {
  return Option(app_->add_option(names, value, help));
}

Option Verb::add_option(const std::string& names, double& value, const std::string& help) {
  return Option(app_->add_option(names, value, help));
}

Option Verb::add_option(const std::string& names, std::vector<int>& values,
                        const std::string& help) {
  return Option(app_->add_option(names, values, help));
}

Option Verb::add_option(const std::string& names, std::vector<std::string>& values,
                        const std::string& help) {
  return Option(app_->add_option(names, values, help));
}

Option Verb::add_option(const std::string& names, std::function<void(const std::string&)> use,
                        const std::string& help) {
  return Option(app_->add_option_function<std::string>(names, std::move(use), help));
}

Option Verb::add_flag(const std::string& names, bool& value, const std::string& help) {
  return Option(app_->add_flag(names, value, help));
}

void Verb::runs(Action action) {
  app_->callback([chosen = chosen_, action = std::move(action)] { *chosen = action; });
}

CommandLine::CommandLine(const std::string& name, const std::string& help,
                         const std::string& version)
    : app_(std::make_unique<CLI::App>(help, name)), program_(app_.get(), &chosen_) {
  app_->set_version_flag("--version", name + " " + version);
  app_->get_formatter()->label("SUBCOMMAND", "VERB ...    (mlrun VERB --help: its options)");
  app_->get_formatter()->label("REQUIRED", "");
}

CommandLine::~CommandLine() = default;

void CommandLine::set_footer(const std::string& text) { app_->footer(text); }

std::vector<std::string> CommandLine::verbs() const { return verbs_of(*app_); }

std::string CommandLine::help(const std::string& verb) const {
  return app_->get_subcommand(verb)->help(app_->get_name());
}

int CommandLine::run(int argc, char** argv, int usage_error) {
  text_ = app_->get_name();
  for (int i = 1; i < argc; ++i) text_ += std::string(" ") + argv[i];
  for (CLI::App* verb : app_->get_subcommands({})) verb->group("Verbs");
  try {
    HiddenVariables of_others;
    for (CLI::App* verb : app_->get_subcommands({})) {
      if (argc < 2 || verb->get_name() != argv[1]) of_others.hide(*verb);
    }
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app_->exit(error);
    tell(describe_error(*app_, argc, argv, error));
    return usage_error;
  }
  return chosen_();
}

}  // namespace mlrun::app
