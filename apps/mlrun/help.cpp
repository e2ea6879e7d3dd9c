// mlrun help [KIND [NAME]]: the field lists that the experiment file is read with.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/suggest.h"
#include "command.h"
#include "config/experiment.h"
#include "trials/search.h"

namespace mlrun::app {
namespace {

using config::Field;
using config::FieldList;

void print_field(const Field& field, const void* defaults) {
  std::string line = fmt::format("  {} ({}", field.name, field.type);
  if (!field.constraint.empty()) line += ", " + field.constraint;
  const config::Node value = defaults ? field.write(defaults) : config::Node();
  if (field.required) {
    line += ", required";
  } else if (!value.is_null()) {
    line += ", default " + config::to_flow(value);
  }
  fmt::print("{}): {}\n", line, field.doc);
}

void print_fields(const FieldList& list, const void* defaults) {
  fmt::print("{}: {}\n", list.name(), list.doc());
  for (const Field& field : list.fields()) print_field(field, defaults);
}

// A part of the experiment file.
struct Section {
  const FieldList* fields;
  std::function<void()> print;
  std::function<void(const Field&)> print_one;
};

template <class Spec>
Section section() {
  return {&Spec::fields(),
          [] {
            const Spec defaults{};
            print_fields(Spec::fields(), &defaults);
          },
          [](const Field& field) {
            const Spec defaults{};
            fmt::print("{}\n", Spec::fields().name());
            print_field(field, &defaults);
          }};
}

const std::vector<Section>& sections() {
  static const std::vector<Section> all = {
      section<config::ExperimentSpec>(),    section<config::DatasetSpec>(),
      section<config::HoldOutSpec>(),       section<config::WindowSpec>(),
      section<config::PairsSpec>(),         section<config::ParallelSpec>(),
      section<config::MaskedLmSpec>(),      section<config::GraphSpec>(),
      section<config::TrainSpec>(),         section<config::OutputSpec>(),
      section<config::EarlyStoppingSpec>(), section<config::PlateauSpec>(),
      section<config::LossScaleSpec>(),     section<config::CvSpec>()};
  return all;
}

void print_overview() {
  for (const Section& part : sections()) {
    part.print();
    fmt::print("\n");
  }
  fmt::print("Components, by kind (mlrun help KIND, mlrun help KIND NAME):\n");
  for (const auto& [kind, catalog] : trials::all_catalogs().by_kind) {
    fmt::print("  {}: {}\n", kind, fmt::join(catalog->names(), ", "));
  }
}

void print_type(const config::ComponentType& type) {
  const auto [object, defaults] = type.make();
  print_fields(*type.fields, defaults);
  if (!type.aliases.empty()) fmt::print("also: {}\n", fmt::join(type.aliases, ", "));
}

// nullptr if there is no such kind; "layers" is as good as "layer".
const config::Catalog* find_kind(const std::string& word) {
  for (const auto& [name, catalog] : trials::all_catalogs().by_kind) {
    if (word == name || word == name + "s" || word == name + "es") return catalog;
  }
  return nullptr;
}

void print_kind(const config::Catalog& catalog) {
  for (const config::ComponentType& type : catalog.types()) {
    fmt::print("{}: {}\n", type.name, type.fields->doc());
  }
}

// "outputs" is as good as "output".
bool is_called(const Section& part, const std::string& word) {
  return word == part.fields->name() || word == part.fields->name() + "s";
}

// A section of the file, a kind, a verb, or the name of a component whose kind was left out.
bool print_topic(const CommandLine& line, const std::string& word) {
  bool found = false;
  for (const Section& part : sections()) {
    if (!is_called(part, word)) continue;
    part.print();
    found = true;
  }
  const std::vector<std::string> verbs = line.verbs();
  if (std::find(verbs.begin(), verbs.end(), word) != verbs.end()) {
    if (found) {
      fmt::print("\nThe verb: mlrun {} --help\n", word);
    } else {
      fmt::print("{}", line.help(word));
    }
    return true;
  }
  if (const config::Catalog* catalog = find_kind(word)) {
    print_kind(*catalog);
    return true;
  }
  for (const auto& [kind, catalog] : trials::all_catalogs().by_kind) {
    const config::ComponentType* type = catalog->find(word);
    if (!type) continue;
    if (found) fmt::print("\n");
    fmt::print("{} ", kind);
    print_type(*type);
    found = true;
  }
  return found;
}

std::vector<std::string> topics(const CommandLine& line) {
  std::vector<std::string> words;
  for (const Section& part : sections()) words.push_back(part.fields->name());
  for (const auto& [kind, catalog] : trials::all_catalogs().by_kind) words.push_back(kind);
  for (const std::string& verb : line.verbs()) words.push_back(verb);
  return words;
}

[[noreturn]] void fail_unknown(const CommandLine& line, const std::string& word) {
  const std::vector<std::string> known = topics(line);
  std::vector<std::string> all = known;
  for (const auto& [kind, catalog] : trials::all_catalogs().by_kind) {
    for (const std::string& name : catalog->names()) all.push_back(name);
  }
  std::string hint = did_you_mean(word, all);
  if (hint.empty()) hint = fmt::format("; there is {}", fmt::join(known, ", "));
  throw InputError(fmt::format("no help on '{}'{}", word, hint));
}

// Of a section of the file; false if there is no such section.
bool print_setting(const std::string& word, const std::string& name) {
  for (const Section& part : sections()) {
    if (!is_called(part, word)) continue;
    std::vector<std::string> names;
    for (const Field& field : part.fields->fields()) {
      names.push_back(field.name);
      if (field.name != name) continue;
      part.print_one(field);
      return true;
    }
    std::string hint = did_you_mean(name, names);
    if (hint.empty()) hint = fmt::format("; there is {}", fmt::join(names, ", "));
    throw InputError(fmt::format("no {} '{}'{}", part.fields->name(), name, hint));
  }
  return false;
}

int run(const CommandLine& line, const std::string& kind, const std::string& name) {
  if (kind.empty()) {
    print_overview();
    return kSuccess;
  }
  if (name.empty()) {
    if (!print_topic(line, kind)) fail_unknown(line, kind);
    return kSuccess;
  }
  const config::Catalog* catalog = find_kind(kind);
  if (!catalog && print_setting(kind, name)) return kSuccess;
  if (!catalog) fail_unknown(line, kind);
  const config::ComponentType* type = catalog->find(name);
  if (!type) {
    std::string hint = did_you_mean(name, catalog->names());
    if (hint.empty()) hint = fmt::format("; there is {}", fmt::join(catalog->names(), ", "));
    throw InputError(fmt::format("no {} '{}'{}", catalog->kind(), name, hint));
  }
  print_type(*type);
  return kSuccess;
}

}  // namespace

void add_help_command(CommandLine& line) {
  struct Words {
    std::string kind;
    std::string name;
  };
  auto words = std::make_shared<Words>();
  Verb verb =
      line.program().add_verb("help", "Explain the experiment file: mlrun help layer Dense");
  verb.add_option("topic", words->kind, "layer, loss, dataset, cv, ...").shown_as("");
  verb.add_option("name", words->name, "which one of a kind").shown_as("");
  verb.runs([words, &line] { return run(line, words->kind, words->name); });
}

}  // namespace mlrun::app
