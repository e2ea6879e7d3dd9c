#include "config/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/file.h"
#include "config/path.h"

namespace mlrun::config {
namespace {

struct Override {
  std::string path;
  std::string value;
  std::shared_ptr<const SourceText> text;
  int value_column = 1;
};

void apply(Node& root, const Override& override, Reader& reader) {
  Diagnostics syntax;
  // Leading blanks keep the columns of the value those of the whole word.
  const auto padded = std::make_shared<SourceText>(SourceText{
      override.text->name,
      std::string(static_cast<size_t>(override.value_column - 1), ' ') + override.value});
  Node value = parse_yaml(padded, syntax);
  if (!syntax.ok()) {
    reader.error({override.text, 1, override.value_column},
                 fmt::format("'{}' is not a YAML value", override.value));
    return;
  }
  set_path(root, ExperimentSpec::fields(), override.path, value, {override.text, 1, 1}, reader);
}

std::shared_ptr<const SourceText> word(std::string name, std::string text) {
  return std::make_shared<SourceText>(SourceText{std::move(name), std::move(text)});
}

void apply_environment(Node& root, const std::string& setting, Reader& reader) {
  constexpr std::string_view kPrefix = "MLRUN_";
  const size_t equals = setting.find('=');
  if (!setting.starts_with(kPrefix) || equals == std::string::npos) return;
  std::string path;
  for (size_t i = kPrefix.size(); i < equals; ++i) {
    if (setting.compare(i, 2, "__") == 0 && i + 1 < equals) {
      path += '.';
      ++i;
    } else {
      path += static_cast<char>(std::tolower(static_cast<unsigned char>(setting[i])));
    }
  }
  if (!ExperimentSpec::fields().find(path.substr(0, path.find('.')))) return;
  apply(root,
        {path, setting.substr(equals + 1), word("environment", setting),
         static_cast<int>(equals) + 2},
        reader);
}

void apply_command_line(Node& root, const std::string& setting, Reader& reader) {
  const auto text = word("command line", setting);
  const size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    reader.error({text, 1, 1}, "an override is written key.sub=value");
    return;
  }
  apply(root,
        {setting.substr(0, equals), setting.substr(equals + 1), text, static_cast<int>(equals) + 2},
        reader);
}

Mark mark_of(const Node& tree, std::initializer_list<std::string_view> path) {
  const Node* node = &tree;
  Mark mark = tree.mark;
  for (const std::string_view key : path) {
    const Entry* entry = node->find(key);
    if (!entry) return mark;
    node = &entry->value;
    mark = node->mark;
  }
  return mark;
}

void check_source(const Node& tree, const ExperimentSpec& spec, Reader& reader) {
  const bool both = spec.dataset.source && spec.dataset.generate;
  const bool none = !spec.dataset.source && !spec.dataset.generate;
  const Entry* dataset = tree.find("dataset");
  if (!dataset || !dataset->value.is_map() || (!both && !none)) return;
  const Node* generate = dataset->value.find("generate") ? &dataset->value : nullptr;
  if (none && (generate || dataset->value.find("source"))) return;  // reported already
  reader.error(dataset->key_mark, both ? "dataset has both 'source' and 'generate'"
                                       : "dataset needs 'source' or 'generate'");
}

}  // namespace

Node load_tree(const ExperimentSource& source, Reader& reader) {
  auto text = std::make_shared<SourceText>();
  text->name = source.file.string();
  if (std::filesystem::is_directory(source.file)) {
    throw InputError(fmt::format("'{}' is a folder; an experiment is a YAML file", text->name));
  }
  try {
    text->text = read_file(source.file);
  } catch (const Error& error) {
    throw InputError(error.what());
  }
  Node root = parse_yaml(text, reader.diagnostics);
  if (!root.mark.source) root.mark = {text, 1, 1};
  if (!root.is_map()) {
    if (reader.diagnostics.ok()) {
      reader.error(root.mark, "an experiment is a map with the keys dataset, model and train");
    }
    return root;
  }
  for (const std::string& setting : source.environment) apply_environment(root, setting, reader);
  for (const std::string& setting : source.overrides) apply_command_line(root, setting, reader);
  return root;
}

ExperimentSpec read_experiment(const Node& tree, const std::string& default_name, Reader& reader) {
  ExperimentSpec spec;
  if (!tree.is_map()) return spec;
  ExperimentSpec::fields().read(&spec, tree, reader);
  if (spec.name.empty()) spec.name = default_name;
  check_source(tree, spec, reader);
  const Entry* model = tree.find("model");
  if (model && spec.model.empty() && reader.diagnostics.ok()) {
    reader.error(model->key_mark, "model needs at least one layer");
  }
  spec.dataset.source_mark = mark_of(tree, {"dataset", "source"});
  spec.train.early_stopping_mark = mark_of(tree, {"train", "early_stopping", "monitor"});
  spec.scoring_mark = mark_of(tree, {"scoring"});
  return spec;
}

std::string dump_experiment(const ExperimentSpec& spec) {
  return to_yaml(ExperimentSpec::fields().write(&spec));
}

}  // namespace mlrun::config
