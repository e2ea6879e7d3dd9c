// The verbs and options of the program. CLI11 reads them; only command_line.cpp sees that library,
// whose header alone takes most of a minute to compile.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace mlrun::app {

/// What a verb does; returns an exit code.
using Action = std::function<int()>;

/// What is wrong with a word; "" where it will do.
using Check = std::function<std::string(const std::string& word)>;

/// Accepts these words only, and says which when it gets another.
Check one_of(std::vector<std::string> words);

/// Accepts whole numbers from `least` on, or from `least` to `most`.
Check whole_number(int64_t least);
Check whole_number(int64_t least, int64_t most);

/// Accepts numbers from 0 on.
Check non_negative();

/// An option or argument of a verb. Each call refines it.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option& required();
  Option& check(Check check);

  /// What the help shows for its value; "" for nothing.
  Option& shown_as(const std::string& value);

  /// The variable that is read where the option is not given.
  Option& or_environment(const std::string& variable);

  /// Of a list: `--option a,b` and `--option a --option b`; the word after is not part of it.
  Option& separated_by_commas();

  /// Of a list: `--option a --option b` only.
  Option& one_value_each();

  Option& excludes(const Option& other);

 private:
  CLI::Option* option_;
};

/// A verb, with the options that it takes. Values are left as they are where nothing is given.
class Verb {
 public:
  explicit Verb(CLI::App* app, Action* chosen) : app_(app), chosen_(chosen) {}

  /// One of the verbs that this one needs after it: `mlrun data list`.
  Verb add_verb(const std::string& name, const std::string& help);

  /// "-o,--output" is an option, "config" an argument by its place.
  Option add_option(const std::string& names, std::string& value, const std::string& help);
  Option add_option(const std::string& names, int& value, const std::string& help);
  Option add_option(const std::string& names, int64_t& value, const std::string& help);
  Option add_option(const std::string& names, uint64_t& value, const std::string& help);
  Option add_option(const std::string& names, double& value, const std::string& help);
  Option add_option(const std::string& names, std::vector<int>& values, const std::string& help);
  Option add_option(const std::string& names, std::vector<std::string>& values,
                    const std::string& help);
  Option add_option(const std::string& names, std::function<void(const std::string&)> use,
                    const std::string& help);
  Option add_flag(const std::string& names, bool& value, const std::string& help);

  /// Done after parsing, if this is the verb that was given.
  void runs(Action action);

 private:
  CLI::App* app_;
  Action* chosen_;
};

/// The whole command line of a program.
class CommandLine {
 public:
  CommandLine(const std::string& name, const std::string& help, const std::string& version);
  ~CommandLine();

  Verb& program() { return program_; }
  void set_footer(const std::string& text);

  std::vector<std::string> verbs() const;

  /// What `VERB --help` prints.
  std::string help(const std::string& verb) const;

  /// Runs the verb that the words name and returns its exit code. Words that are wrong are
  /// explained on stderr, with the likeliest that were meant: `usage_error`.
  int run(int argc, char** argv, int usage_error);

  /// The words as the user wrote them, for the results file.
  const std::string& text() const { return text_; }

 private:
  std::unique_ptr<CLI::App> app_;
  Action chosen_;
  Verb program_;
  std::string text_;
};

}  // namespace mlrun::app
