// What is wrong with the words of the command line, and what was likely meant.
#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.h"
#include "command.h"

namespace mlrun::app {
namespace {

std::vector<std::string> verbs(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(verb->get_name());
  }
  return names;
}

std::vector<std::string> options(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// The verb that was given, or the app itself.
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
  const std::string hint = name.starts_with("--") ? did_you_mean(name, options(at)) : "";
  return fmt::format("{} has no option '{}'{}", full_name(at), name, hint);
}

std::string about_verb(const CLI::App& at, const std::string& word) {
  if (names_file(word)) {
    return fmt::format("no verb before '{0}'; to run the experiment: mlrun train {0}", word);
  }
  std::string hint = did_you_mean(word, verbs(at));
  if (hint.empty()) hint = fmt::format("; it has {}", fmt::join(verbs(at), ", "));
  return fmt::format("{} has no verb '{}'{}", full_name(at), word, hint);
}

std::string explain(const CLI::App& at, const std::vector<std::string>& rest,
                    const CLI::ParseError& error) {
  const auto is_option = [](const std::string& word) { return word.size() > 1 && word[0] == '-'; };
  const auto unknown = std::find_if(rest.begin(), rest.end(), is_option);
  if (unknown != rest.end()) return about_option(at, *unknown);
  if (!verbs(at).empty() && !rest.empty()) return about_verb(at, rest.front());
  if (!rest.empty()) return fmt::format("{} cannot use '{}'", full_name(at), rest.front());
  for (const CLI::Option* option : at.get_options()) {
    if (!option->get_required() || option->count() > 0) continue;
    return fmt::format("{} needs {} ({})", full_name(at),
                       option->get_positional() ? option->get_type_name() : option->get_name(),
                       option->get_description());
  }
  if (!verbs(at).empty()) {
    return fmt::format("{} needs a verb: {}", full_name(at), fmt::join(verbs(at), ", "));
  }
  return error.what();
}

}  // namespace

void print_usage_error(const CLI::App& app, int argc, char** argv, const CLI::ParseError& error) {
  if (argc < 2) {
    note(app.help());
    return;
  }
  const CLI::App& at = innermost(app);
  std::vector<std::string> rest = app.remaining(true);
  // A verb that is not known ends the parsing before anything is left over.
  if (rest.empty() && !verbs(at).empty()) {
    const size_t depth = at.get_parent() ? 2 : 1;
    if (static_cast<size_t>(argc) > depth) rest.emplace_back(argv[depth]);
  }
  note(
      fmt::format("mlrun: error: {}\nTry '{} --help'.\n", explain(at, rest, error), full_name(at)));
}

}  // namespace mlrun::app
