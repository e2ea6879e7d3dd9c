#include "data/table/table_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/suggest.h"
#include "config/scalar.h"

namespace mlrun::data {
namespace {

class UseChooser {
 public:
  UseChooser(const Source& source, const TableError& fail, TablePlan& plan)
      : source_(source), spec_(source.spec), fail_(fail), plan_(plan) {
    for (const ColumnPlan& column : plan.columns) names_.push_back(column.name);
    used_.assign(names_.size(), nullptr);
  }

  void choose() {
    choose_targets();
    if (spec_.group && !absent(*spec_.group)) {
      assign(find_all({*spec_.group}, "group"), ColumnUse::kGroup, "group");
      plan_.groups = true;
    }
    assign(find_all(present(spec_.ignore), "ignore"), ColumnUse::kIgnore, "ignore");
    const std::vector<size_t> features = feature_positions();
    assign(features, ColumnUse::kFeature, "features");
    plan_.features = static_cast<int>(features.size());
    for (size_t c = 0; c < used_.size(); ++c) {
      if (!used_[c]) plan_.columns[c].use = ColumnUse::kIgnore;
    }
    const bool may_be_series = spec_.window && plan_.targets > 0;
    if (plan_.features == 0 && !may_be_series && !source_.target_only)
      fail_("no column is left for the features");
    plan_.any_target = source_.may_lack_target;
    plan_.classes = source_.classify && !(source_.may_lack_target && plan_.targets == 0);
    if (plan_.classes && plan_.targets != 1) {
      fail_(fmt::format("the loss wants classes from one target, but there are {}{}", plan_.targets,
                        plan_.targets == 0 ? "; set dataset.target" : ""));
    }
  }

  std::vector<size_t> find_all(const std::vector<std::string>& wanted, const char* field) const {
    std::vector<size_t> found;
    for (const std::string& one : wanted) found.push_back(find(one, field));
    return found;
  }

 private:
  // All of them, or none: then those that are there are no features either.
  void choose_targets() {
    const std::vector<std::string> there = present(spec_.target);
    const bool complete = there.size() == spec_.target.size();
    assign(find_all(there, "target"), complete ? ColumnUse::kTarget : ColumnUse::kIgnore, "target");
    plan_.targets = complete ? static_cast<int>(there.size()) : 0;
  }

  bool absent(const std::string& name) const {
    return source_.may_lack_target && !config::parse_int(name) &&
           std::find(names_.begin(), names_.end(), name) == names_.end();
  }

  std::vector<std::string> present(std::vector<std::string> names) const {
    std::erase_if(names, [this](const std::string& name) { return absent(name); });
    return names;
  }

  // By name, else by position.
  size_t find(const std::string& wanted, const char* field) const {
    const auto named = std::find(names_.begin(), names_.end(), wanted);
    if (named != names_.end()) return static_cast<size_t>(named - names_.begin());
    const auto position = config::parse_int(wanted);
    const auto count = static_cast<int64_t>(names_.size());
    if (!position) {
      fail_(fmt::format("no column '{}' for {}{}", wanted, field, did_you_mean(wanted, names_)));
    } else if (*position < -count || *position >= count) {
      fail_(fmt::format("{} position {} is not between {} and {}", field, *position, -count,
                        count - 1));
    }
    return static_cast<size_t>(*position < 0 ? *position + count : *position);
  }

  void assign(const std::vector<size_t>& positions, ColumnUse use, const char* field) {
    for (size_t i = 0; i < positions.size(); ++i) {
      const size_t c = positions[i];
      if (used_[c]) {
        fail_(fmt::format("column '{}' is both {} and {}", names_[c], used_[c], field));
      }
      used_[c] = field;
      plan_.columns[c].use = use;
      plan_.columns[c].slot = static_cast<int>(i);
    }
  }

  std::vector<size_t> feature_positions() const {
    if (source_.target_only) return {};
    std::vector<size_t> positions = find_all(spec_.features, "features");
    for (size_t c = 0; spec_.features.empty() && c < used_.size(); ++c) {
      if (!used_[c]) positions.push_back(c);
    }
    return in_trained_order(std::move(positions));
  }

  // As they are, if the names are not the same.
  std::vector<size_t> in_trained_order(std::vector<size_t> positions) const {
    std::map<std::string, size_t> named;
    for (const size_t c : positions) named.emplace(names_[c], c);
    std::vector<size_t> ordered;
    for (const Column& column : source_.trained) {
      const auto found = named.find(column.name);
      if (found != named.end()) ordered.push_back(found->second);
    }
    return ordered.size() == positions.size() ? ordered : positions;
  }

  const Source& source_;
  const config::DatasetSpec& spec_;
  const TableError& fail_;
  TablePlan& plan_;
  std::vector<std::string> names_;
  std::vector<const char*> used_;  // the field of the spec that took the column
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

void choose_uses(const Source& source, const TableError& fail, TablePlan& plan) {
  UseChooser(source, fail, plan).choose();
}

void choose_texts(const Source& source, const TableError& fail, TablePlan& plan) {
  const UseChooser chooser(source, fail, plan);
  for (const size_t c : chooser.find_all(source.spec.categorical, "categorical")) {
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
