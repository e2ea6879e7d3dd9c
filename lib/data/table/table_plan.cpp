#include "data/table/table_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/suggest.h"
#include "config/scalar.h"

namespace mlrun::data {
namespace {

// Longer lists say less than the file itself.
constexpr size_t kMostNamed = 20;

// A setting that names columns, and where its items are written.
struct ColumnSetting {
  std::string name;
  const char* key;
  const config::KeyMarks* marks;
};

// What a setting's items stand for.
struct ChosenColumns {
  ColumnSetting setting;
  std::vector<std::string> items;  ///< as they are written; empty: those that are left
  std::vector<size_t> columns;     ///< in the same order
};

class UseChooser {
 public:
  UseChooser(const Source& source, const TableError& error, TablePlan& plan)
      : source_(source), spec_(source.spec), error_(error), plan_(plan) {
    for (const ColumnPlan& column : plan.columns) names_.push_back(column.name);
    used_.assign(names_.size(), "");
  }

  void choose() {
    choose_targets();
    if (spec_.group && !absent(*spec_.group)) {
      assign(find_all({*spec_.group}, of_dataset("group")), ColumnUse::kGroup);
      plan_.groups = true;
    }
    choose_ignored();
    const ChosenColumns features = features_to_read();
    assign(features, ColumnUse::kFeature);
    plan_.features = static_cast<int>(features.columns.size());
    for (size_t c = 0; c < used_.size(); ++c) {
      if (used_[c].empty()) plan_.columns[c].use = ColumnUse::kIgnore;
    }
    const bool may_be_series = spec_.window && plan_.targets > 0;
    if (plan_.features == 0 && !may_be_series && !source_.target_only)
      throw error_("no column is left for the features");
    plan_.any_target = source_.may_lack_target;
    plan_.classes = source_.classify && !(source_.may_lack_target && plan_.targets == 0);
    if (plan_.classes && plan_.targets != 1) {
      throw error_(fmt::format(
          "the loss wants classes from one target, but there are {}{}", plan_.targets,
          plan_.targets == 0 ? "; set dataset.target"
                             : "; of one-hot columns make one, the number of the class, and for "
                               "labels that do not exclude each other set binary_crossentropy: "
                               "{multi_label: true}"));
    }
  }

  std::vector<size_t> categorical() const {
    return find_all(spec_.categorical, of_dataset("categorical")).columns;
  }

 private:
  ColumnSetting of_dataset(const char* key) const { return {key, key, &spec_.marks}; }

  static ColumnSetting of_output(const OutputColumns& output) {
    return {output.setting(), "columns", &output.marks};
  }

  // The further output that is compared with this column of the table, or null.
  const OutputColumns* output_with(const std::string& item) const {
    for (const OutputColumns& output : source_.outputs) {
      const auto& columns = output.columns;
      if (std::find(columns.begin(), columns.end(), item) != columns.end()) return &output;
    }
    return nullptr;
  }

  // All of them, or none: then those that are there are no features either.
  void choose_targets() {
    const ColumnSetting setting =
        source_.target_only ? of_output(source_.outputs.front()) : of_dataset("target");
    const ChosenColumns there = find_all(present(spec_.target), setting);
    const bool complete = there.columns.size() == spec_.target.size();
    assign(there, complete ? ColumnUse::kTarget : ColumnUse::kIgnore);
    plan_.targets = complete ? static_cast<int>(there.columns.size()) : 0;
  }

  void choose_ignored() {
    for (const std::string& item : present(spec_.ignore)) {
      const OutputColumns* output = output_with(item);
      assign(find_all({item}, output ? of_output(*output) : of_dataset("ignore")),
             ColumnUse::kIgnore);
    }
  }

  ChosenColumns features_to_read() const {
    ChosenColumns chosen;
    if (source_.target_only) return chosen;
    chosen = find_all(spec_.features, of_dataset("features"));
    for (size_t c = 0; spec_.features.empty() && c < used_.size(); ++c) {
      if (used_[c].empty()) chosen.columns.push_back(c);
    }
    return in_trained_order(std::move(chosen));
  }

  bool absent(const std::string& name) const {
    return source_.may_lack_target && !config::parse_position(name) &&
           std::find(names_.begin(), names_.end(), name) == names_.end();
  }

  std::vector<std::string> present(std::vector<std::string> names) const {
    std::erase_if(names, [this](const std::string& name) { return absent(name); });
    return names;
  }

  ChosenColumns find_all(const std::vector<std::string>& items,
                         const ColumnSetting& setting) const {
    ChosenColumns found{setting, items, {}};
    for (const std::string& item : items) found.columns.push_back(find(item, setting));
    return found;
  }

  // By name, else by position.
  size_t find(const std::string& item, const ColumnSetting& setting) const {
    const auto named = std::find(names_.begin(), names_.end(), item);
    if (named != names_.end()) return static_cast<size_t>(named - names_.begin());
    const auto position = config::parse_position(item);
    const auto count = static_cast<int64_t>(names_.size());
    if (!position) fail_unknown(item, setting);
    if (*position < -count || *position >= count) {
      fail(setting, item,
           fmt::format("{} position {} is not between {} and {}", setting.name, *position, -count,
                       count - 1));
    }
    return static_cast<size_t>(*position < 0 ? *position + count : *position);
  }

  // Of an HDF5 file, arrays that are no features are not among the columns.
  [[noreturn]] void fail_unknown(const std::string& item, const ColumnSetting& setting) const {
    if (const OutputColumns* output = source_.target_only ? nullptr : output_with(item)) {
      fail(setting, item,
           fmt::format("column '{}' is both {} and {}", item, setting.name, output->setting()));
    }
    std::string hint = did_you_mean(item, names_);
    if (hint.empty() && names_.size() <= kMostNamed) {
      hint = fmt::format("; there are {}", fmt::join(names_, ", "));
    }
    fail(setting, item,
         fmt::format("no column '{}' for {}{}{}", item, setting.name,
                     place_of(setting, item) ? " in '" + file_name() + "'" : "", hint));
  }

  // Of the table whose columns are chosen.
  std::string file_name() const { return source_.train.front().path.filename().string(); }

  // Where an item is written, or null.
  static const Mark* place_of(const ColumnSetting& setting, const std::string& item) {
    const Mark* mark = setting.marks->find(setting.key, item);
    return mark && mark->known() ? mark : nullptr;
  }

  // There, else at the head of the table.
  [[noreturn]] void fail(const ColumnSetting& setting, const std::string& item,
                         const std::string& message) const {
    const Mark* place = place_of(setting, item);
    throw place ? InputError(render_error(*place, message)) : error_(message);
  }

  void assign(const ChosenColumns& chosen, ColumnUse use) {
    const std::string& setting = chosen.setting.name;
    for (size_t i = 0; i < chosen.columns.size(); ++i) {
      const size_t c = chosen.columns[i];
      if (!used_[c].empty()) {
        fail(chosen.setting, chosen.items[i],
             used_[c] == setting
                 ? fmt::format("column '{}' is listed twice in {}", names_[c], setting)
                 : fmt::format("column '{}' is both {} and {}", names_[c], used_[c], setting));
      }
      used_[c] = setting;
      plan_.columns[c].use = use;
      plan_.columns[c].slot = static_cast<int>(i);
    }
  }

  // As they are, if the names are not the same.
  ChosenColumns in_trained_order(ChosenColumns chosen) const {
    std::map<std::string, size_t> named;
    for (const size_t c : chosen.columns) named.emplace(names_[c], c);
    ChosenColumns ordered{chosen.setting, {}, {}};
    for (const Column& column : source_.trained) {
      const auto found = named.find(column.name);
      if (found == named.end()) continue;
      ordered.items.push_back(column.name);
      ordered.columns.push_back(found->second);
    }
    return ordered.columns.size() == chosen.columns.size() ? ordered : chosen;
  }

  const Source& source_;
  const config::DatasetSpec& spec_;
  const TableError& error_;
  TablePlan& plan_;
  std::vector<std::string> names_;
  std::vector<std::string> used_;  ///< the setting that took the column, or ""
};

// Classes that all are numbers were named by their values; else they are texts, and stay so where
// a file happens to hold numbers alone.
bool is_verbatim(const Column& trained) {
  return !std::all_of(trained.classes.begin(), trained.classes.end(),
                      [](const std::string& text) { return config::parse_float(text); });
}

void read_as_trained(const Source& source, TablePlan& plan) {
  if (source.trained.size() != static_cast<size_t>(plan.features)) return;
  for (ColumnPlan& column : plan.columns) {
    if (column.use != ColumnUse::kFeature) continue;
    const Column& trained = source.trained[static_cast<size_t>(column.slot)];
    column.text = column.text || trained.categorical();
    column.verbatim = is_verbatim(trained);
    column.origin = column.text ? 0 : trained.origin;
  }
}

}  // namespace

std::vector<float> missing_numbers(const config::DatasetSpec& spec) {
  std::vector<float> numbers;
  for (const std::string& text : spec.missing) {
    if (const auto number = config::parse_float(text)) {
      numbers.push_back(static_cast<float>(*number));
    }
  }
  return numbers;
}

void choose_uses(const Source& source, const TableError& error, TablePlan& plan) {
  UseChooser(source, error, plan).choose();
}

void choose_texts(const Source& source, const TableError& error, TablePlan& plan) {
  const UseChooser chooser(source, error, plan);
  for (const size_t c : chooser.categorical()) {
    if (plan.columns[c].use == ColumnUse::kFeature) plan.columns[c].text = true;
  }
  read_as_trained(source, plan);
  for (ColumnPlan& column : plan.columns) {
    if (column.use == ColumnUse::kGroup) column.text = true;
    if (column.use == ColumnUse::kTarget) column.text = plan.classes;
    if (column.text && column.use != ColumnUse::kIgnore) column.dictionary = plan.dictionaries++;
  }
}

}  // namespace mlrun::data
