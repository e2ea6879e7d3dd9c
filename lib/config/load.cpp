#include "config/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/file.h"
#include "config/path.h"

namespace mlrun::config {
namespace {

constexpr const char* kEnvironment = "environment";

struct Setting {
  std::string path;
  std::shared_ptr<const SourceText> text;
  size_t value_begin = 0;
};

void apply(ExperimentTree& tree, const Setting& setting, Reader& reader) {
  Diagnostics syntax;
  Node value = parse_yaml(setting.text, syntax, setting.value_begin);
  const Mark begin{setting.text, 1, static_cast<int>(setting.value_begin) + 1};
  if (!syntax.ok()) {
    reader.error(begin, fmt::format("'{}' is not a YAML value",
                                    setting.text->text.substr(setting.value_begin)));
    return;
  }
  if (value.is_null()) value.mark = begin;
  const Mark mark{setting.text, 1, 1};
  const std::string path =
      set_path(tree.root, ExperimentSpec::fields(), setting.path, value, mark, reader);
  tree.overrides.push_back({setting.path, path, std::move(value), mark});
}

std::shared_ptr<const SourceText> word(std::string name, std::string text) {
  return std::make_shared<SourceText>(SourceText{std::move(name), std::move(text)});
}

// A path below a section that has the underscores of a name where those of a dot belong.
bool lacks_underscores(const std::string& path) {
  for (const Field& field : ExperimentSpec::fields().fields()) {
    if (path.starts_with(field.name + "_")) return true;
  }
  return false;
}

void apply_environment(ExperimentTree& tree, const std::string& setting, Reader& reader) {
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
  const bool ours = ExperimentSpec::fields().find(path.substr(0, path.find('.'))) != nullptr;
  if (!ours && path.find('.') == std::string::npos) {
    if (!lacks_underscores(path)) return;
    return reader.error({word(kEnvironment, setting), 1, 1},
                        "no setting has this name; two underscores stand for a dot, as in "
                        "MLRUN_TRAIN__EPOCHS");
  }
  apply(tree, {path, word(kEnvironment, setting), equals + 1}, reader);
}

void apply_command_line(ExperimentTree& tree, const std::string& setting, Reader& reader) {
  const auto text = word("command line", setting);
  const size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    reader.error({text, 1, 1}, "an override is written key.sub=value");
    return;
  }
  apply(tree, {setting.substr(0, equals), text, equals + 1}, reader);
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

KeyMarks marks_below(const Node& tree, std::string_view section, std::string_view key) {
  const Entry* outer = tree.find(section);
  const Entry* inner = outer ? outer->value.find(key) : nullptr;
  return inner ? KeyMarks(*inner) : KeyMarks();
}

void check_source(const Node& tree, const ExperimentSpec& spec, Reader& reader) {
  const bool both = spec.dataset.source && spec.dataset.generate;
  const bool none = !spec.dataset.source && !spec.dataset.generate;
  const Entry* dataset = tree.find("dataset");
  const bool readable = dataset && (dataset->value.is_map() || dataset->value.is_null());
  if (!readable || (!both && !none)) return;
  const Node* generate = dataset->value.find("generate") ? &dataset->value : nullptr;
  if (none && (generate || dataset->value.find("source"))) return;  // reported already
  reader.error(dataset->key_mark, both ? "dataset has both 'source' and 'generate'"
                                       : "dataset needs 'source' or 'generate'");
}

// The future must not be learned from: of rows in the order of time the last are held out.
void hold_out_last(const Node& tree, ExperimentSpec& spec, Reader& reader) {
  if (!spec.cv || spec.cv->strategy != SplitStrategy::kTimeSeriesSplit) return;
  HoldOutSpec& split = spec.dataset.split;
  const Entry* dataset = tree.find("dataset");
  const Entry* written = dataset ? dataset->value.find("split") : nullptr;
  const Entry* shuffle = written ? written->value.find("shuffle") : nullptr;
  if (shuffle && split.shuffle) {
    reader.error(
        shuffle->value.mark,
        "with TimeSeriesSplit the last rows are held out, or the model would be trained on "
        "what comes after them; leave split.shuffle out");
  }
  if (split.stratify) {
    reader.error(mark_of(tree, {"dataset", "split", "stratify"}),
                 "split.stratify does not go with TimeSeriesSplit, which holds out the last rows");
  }
  split.shuffle = false;
}

}  // namespace

std::vector<std::string> taken_from_environment(const ExperimentTree& tree) {
  std::vector<std::string> settings;
  for (auto at = tree.overrides.begin(); at != tree.overrides.end(); ++at) {
    const SourceText& text = *at->mark.source;
    const bool stays = std::none_of(at + 1, tree.overrides.end(),
                                    [&](const Override& later) { return later.path == at->path; });
    if (stays && text.name == kEnvironment) settings.push_back(text.text);
  }
  return settings;
}

ExperimentTree load_tree(const ExperimentSource& source, Reader& reader) {
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
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text->text.starts_with(kByteOrderMark)) text->text.erase(0, kByteOrderMark.size());
  ExperimentTree tree{parse_yaml(text, reader.diagnostics), {}};
  Node& root = tree.root;
  if (!root.mark.source) root.mark = {text, 1, 1};
  if (!root.is_map()) {
    if (reader.diagnostics.ok()) {
      reader.error(root.mark, fmt::format("{}an experiment is a map with the keys dataset, model "
                                          "and train",
                                          root.is_null() ? "nothing is written here; " : ""));
    }
    return tree;
  }
  for (const std::string& setting : source.environment) apply_environment(tree, setting, reader);
  for (const std::string& setting : source.overrides) apply_command_line(tree, setting, reader);
  return tree;
}

ExperimentSpec read_experiment(const Node& tree, const std::string& default_name, Reader& reader) {
  ExperimentSpec spec;
  if (!tree.is_map()) return spec;
  ExperimentSpec::fields().read(&spec, tree, reader);
  if (spec.name.empty()) spec.name = default_name;
  const bool control = std::any_of(spec.name.begin(), spec.name.end(),
                                   [](unsigned char c) { return c < ' ' || c == 127; });
  if (spec.name.find('/') != std::string::npos || spec.name == "." || spec.name == ".." ||
      control) {
    reader.error(mark_of(tree, {"name"}),
                 "name must be that of a folder, without '/'; a folder is chosen with -o");
  }
  check_source(tree, spec, reader);
  hold_out_last(tree, spec, reader);
  const Entry* model = tree.find("model");
  if (model && spec.model.empty()) {
    reader.error(model->key_mark, "model needs at least one layer");
  }
  spec.dataset.source_mark = mark_of(tree, {"dataset", "source"});
  if (const Entry* dataset = tree.find("dataset")) spec.dataset.marks = KeyMarks(*dataset);
  spec.train.early_stopping_mark = mark_of(tree, {"train", "early_stopping", "monitor"});
  spec.train.plateau_mark = mark_of(tree, {"train", "reduce_lr_on_plateau", "monitor"});
  spec.train.validation_split_mark = mark_of(tree, {"train", "validation_split"});
  spec.train.initial_weights_mark = mark_of(tree, {"train", "initial_weights"});
  spec.train.class_weight_mark = mark_of(tree, {"train", "class_weight"});
  spec.dataset.split.marks = marks_below(tree, "dataset", "split");
  if (spec.dataset.graph) spec.dataset.graph->marks = marks_below(tree, "dataset", "graph");
  if (spec.cv) spec.cv->marks = KeyMarks(*tree.find("cv"));
  spec.scoring_mark = mark_of(tree, {"scoring"});
  return spec;
}

std::string dump_experiment(const ExperimentSpec& spec) {
  return to_yaml(ExperimentSpec::fields().write(&spec));
}

}  // namespace mlrun::config
