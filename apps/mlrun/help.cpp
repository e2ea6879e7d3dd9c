// mlrun help [KIND [NAME]]: the field lists that the experiment file is read with.
#include <fmt/format.h>

#include "base/error.h"
#include "base/suggest.h"
#include "command.h"
#include "config/experiment.h"
#include "trials/search.h"

namespace mlrun::app {
namespace {

using config::Field;
using config::FieldList;

void print_fields(const FieldList& list, const void* defaults) {
  fmt::print("{}: {}\n", list.name(), list.doc());
  for (const Field& field : list.fields()) {
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
}

template <class Spec>
void print_section() {
  const Spec defaults{};
  print_fields(Spec::fields(), &defaults);
  fmt::print("\n");
}

void print_overview() {
  print_section<config::ExperimentSpec>();
  print_section<config::DatasetSpec>();
  print_section<config::HoldOutSpec>();
  print_section<config::TrainSpec>();
  print_section<config::EarlyStoppingSpec>();
  print_section<config::CvSpec>();
  fmt::print("Components, by kind (mlrun help KIND, mlrun help KIND NAME):\n");
  for (const auto& [kind, catalog] : trials::all_catalogs().by_kind) {
    fmt::print("  {}: {}\n", kind, fmt::join(catalog->names(), ", "));
  }
}

const config::Catalog& find_kind(const std::string& kind) {
  const auto& all = trials::all_catalogs().by_kind;
  std::vector<std::string> kinds;
  for (const auto& [name, catalog] : all) {
    const bool plural = kind == name + "s" || kind == name + "es";
    if (kind == name || plural) return *catalog;
    kinds.push_back(name);
  }
  std::string hint = did_you_mean(kind, kinds);
  if (hint.empty()) hint = fmt::format("; known: {}", fmt::join(kinds, ", "));
  throw InputError(fmt::format("no kind of component '{}'{}", kind, hint));
}

void print_kind(const config::Catalog& catalog) {
  for (const config::ComponentType& type : catalog.types()) {
    fmt::print("{}: {}\n", type.name, type.fields->doc());
  }
}

int run(const std::string& kind, const std::string& name) {
  if (kind.empty()) {
    print_overview();
    return kSuccess;
  }
  const config::Catalog& catalog = find_kind(kind);
  if (name.empty()) {
    print_kind(catalog);
    return kSuccess;
  }
  const config::ComponentType* type = catalog.find(name);
  if (!type) {
    throw InputError(
        fmt::format("no {} '{}'{}", catalog.kind(), name, did_you_mean(name, catalog.names())));
  }
  const auto [object, defaults] = type->make();
  print_fields(*type->fields, defaults);
  if (!type->aliases.empty()) fmt::print("also: {}\n", fmt::join(type->aliases, ", "));
  return kSuccess;
}

}  // namespace

void add_help_command(CLI::App& app, Invocation& invocation) {
  struct Words {
    std::string kind;
    std::string name;
  };
  auto words = std::make_shared<Words>();
  CLI::App* command =
      app.add_subcommand("help", "Explain the experiment file: mlrun help layer Dense");
  command->add_option("kind", words->kind, "layer, loss, optimizer, metric, ...");
  command->add_option("name", words->name, "which one");
  command->callback([words, &invocation] {
    invocation.action = [words] { return run(words->kind, words->name); };
  });
}

}  // namespace mlrun::app
