// A Transform's way into and out of a model file.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "config/scalar.h"
#include "data/refuse.h"
#include "data/transform.h"

namespace mlrun::data {
namespace {

constexpr const char* kTarget = "target";
constexpr const char* kOrigin = "origin";
constexpr const char* kShape = "shape";

std::string classes_key(size_t column) { return fmt::format("column_classes/{}", column); }

const std::vector<float>& array_of(const store::ModelFile& model, const std::string& name) {
  for (const store::NamedArray& array : model.preprocessing) {
    if (array.name == name) return array.values;
  }
  throw Error(fmt::format("the model file has no preprocessing/{}: train the model again", name));
}

// Of each column. Only models of data that have any hold them.
std::vector<float> origins_of(const store::ModelFile& model) {
  for (const store::NamedArray& array : model.preprocessing) {
    if (array.name == kOrigin) return array.values;
  }
  return std::vector<float>(array_of(model, "offset").size());
}

// What numbers that are multiplied by `rescale` are to be multiplied by to be in the unit of those
// that the model was trained on.
double unit_factor(const store::ModelFile& model, double rescale) {
  const float then = array_of(model, "rescale").at(0);
  return static_cast<float>(rescale) == then ? 1 : rescale / static_cast<double>(then);
}

std::vector<std::string> names_of(const store::ModelFile& model, const std::string& key) {
  const auto found = model.names.find(key);
  return found == model.names.end() ? std::vector<std::string>() : found->second;
}

class Loader {
 public:
  Loader(const store::ModelFile& model, const Dataset& dataset, const config::DatasetSpec& spec)
      : model_(model), dataset_(dataset), spec_(spec) {}

  void check_columns() const {
    const std::vector<std::string> then = names_of(model_, "columns");
    if (then.size() != dataset_.columns.size()) {
      fail(fmt::format("the data have {} features, but the model was trained on {}{}",
                       dataset_.columns.size(), then.size(), difference(then)));
    }
    for (size_t c = 0; c < then.size(); ++c) {
      if (dataset_.columns[c].name == then[c] || are_positions(dataset_.columns[c].name, then[c])) {
        continue;
      }
      fail(fmt::format("feature {} of the data is '{}', but the model was trained on '{}' there{}",
                       c, dataset_.columns[c].name, then[c], difference(then)));
    }
  }

  // Elements of arrays come in the order of memory: those of another layout would be mixed up. A
  // row is as good as an array, and 1 x 28 x 28 is 28 x 28. Earlier versions stored no shape.
  void check_shape() const {
    for (const store::NamedArray& array : model_.preprocessing) {
      if (array.name != kShape) continue;
      const std::vector<int64_t> then(array.values.begin(), array.values.end());
      const std::vector<int64_t> a = without_ones(then);
      const std::vector<int64_t> b = without_ones(dataset_.shape);
      if (a == b || a.size() < 2 || b.size() < 2) return;
      fail(fmt::format("a sample of the data is ({}), but the model was trained on ({})",
                       fmt::join(dataset_.shape, ", "), fmt::join(then, ", ")));
    }
  }

  // The class that the model knows for each class of the column; empty if they are the same.
  std::vector<float> recode(size_t c) const {
    const Column& column = dataset_.columns[c];
    const std::vector<std::string> then = names_of(model_, classes_key(c));
    if (column.classes == then || column.missing == dataset_.rows) return {};
    if (column.categorical() != !then.empty()) {
      fail(fmt::format("column '{}' is {} in the data, but the model was trained on {}",
                       column.name, kind(column.categorical()), kind(!then.empty())));
    }
    std::vector<float> classes;
    for (const std::string& name : column.classes) {
      const auto found = std::find(then.begin(), then.end(), name);
      if (found == then.end()) {
        fail(fmt::format("column '{}' holds '{}', which the model was not trained on", column.name,
                         name));
      }
      classes.push_back(static_cast<float>(found - then.begin()));
    }
    return classes;
  }

  // Missing classes of a one-hot column are a row of zeros, unless something should stand in.
  void check_missing(size_t c, float fill, bool one_hot) const {
    const Column& column = dataset_.columns[c];
    const bool zeros = one_hot && spec_.impute == config::Impute::kNone;
    if (column.missing == 0 || zeros || !std::isnan(fill)) return;
    fail(
        fmt::format("column '{}' has {} missing values, and none was missing in what the model "
                    "was trained on; trained with dataset.impute it would have a stand-in",
                    column.name, column.missing));
  }

 private:
  [[noreturn]] void fail(const std::string& message) const { refuse(spec_, message); }

  // "; 'a' is missing", "; 'b' is unknown to it: ..."
  std::string difference(const std::vector<std::string>& then) const {
    std::vector<std::string> now;
    for (const Column& column : dataset_.columns) now.push_back(column.name);
    const auto first_beyond = [](const auto& some, const auto& others) -> std::string {
      for (const std::string& name : some) {
        if (is_position(name)) return "";
        if (std::find(others.begin(), others.end(), name) == others.end()) return name;
      }
      return "";
    };
    const std::string missing = first_beyond(then, now);
    const std::string unknown = first_beyond(now, then);
    return (missing.empty() ? "" : fmt::format("; '{}' is missing", missing)) +
           (unknown.empty()
                ? ""
                : fmt::format("; '{0}' is unknown to it: dataset.ignore={0} leaves it out",
                              unknown));
  }

  // Elements of an image or an array: "17", "sample[17]".
  static bool is_position(const std::string& name) {
    return name.ends_with(']') || config::parse_position(name).has_value();
  }

  // Not of arrays that both have names: those are as good as columns' names.
  static bool are_positions(const std::string& a, const std::string& b) {
    const bool both_of_arrays = a.ends_with(']') && b.ends_with(']');
    return !both_of_arrays && (is_position(a) || is_position(b));
  }

  static std::vector<int64_t> without_ones(std::vector<int64_t> shape) {
    std::erase(shape, 1);
    return shape;
  }

  static const char* kind(bool text) { return text ? "text" : "numbers"; }

  const store::ModelFile& model_;
  const Dataset& dataset_;
  const config::DatasetSpec& spec_;
};

}  // namespace

void Transform::save(const Dataset& dataset, store::ModelFile& model) const {
  targets_.save(model, kTarget);
  if (vocabulary_) return;
  const auto width = static_cast<int64_t>(scale_.size());
  model.preprocessing.push_back({"rescale", {1}, {rescale_}});
  model.preprocessing.push_back({"offset", {width}, offset_});
  model.preprocessing.push_back({"scale", {width}, scale_});
  model.preprocessing.push_back({"fill", {width}, fill_});
  model.preprocessing.push_back({"expand", {width}, {expand_.begin(), expand_.end()}});
  model.preprocessing.push_back({kShape,
                                 {static_cast<int64_t>(dataset.shape.size())},
                                 {dataset.shape.begin(), dataset.shape.end()}});
  std::vector<std::string>& names = model.names["columns"];
  std::vector<float> origins;
  for (size_t c = 0; c < dataset.columns.size(); ++c) {
    names.push_back(dataset.columns[c].name);
    origins.push_back(static_cast<float>(dataset.columns[c].origin));
    if (!dataset.columns[c].categorical()) continue;
    model.names[classes_key(c)] = dataset.columns[c].classes;
  }
  if (std::any_of(origins.begin(), origins.end(), [](float origin) { return origin != 0; })) {
    model.preprocessing.push_back({kOrigin, {width}, std::move(origins)});
  }
}

Transform Transform::load(const store::ModelFile& model, const Dataset& dataset,
                          const config::DatasetSpec& spec) {
  const Loader loader(model, dataset, spec);
  Transform loaded;
  loaded.offset_ = array_of(model, "offset");
  loaded.scale_ = array_of(model, "scale");
  loaded.fill_ = array_of(model, "fill");
  for (const float classes : array_of(model, "expand")) {
    loaded.expand_.push_back(static_cast<int32_t>(classes));
  }
  loader.check_columns();
  loader.check_shape();
  loaded.rescale_ = static_cast<float>(spec.rescale);
  loaded.change_data(unit_factor(model, spec.rescale), origins_of(model), dataset);
  loaded.targets_ = TargetScaling::load(model, kTarget);
  loaded.normalize_ = spec.normalize;
  loaded.plain_ = true;
  for (size_t c = 0; c < dataset.columns.size(); ++c) {
    const bool one_hot = loaded.expand_[c] > 0;
    loader.check_missing(c, loaded.fill_[c], one_hot);
    loaded.recode_.push_back(loader.recode(c));
    loaded.output_width_ += one_hot ? loaded.expand_[c] : 1;
    const bool is_filled = dataset.columns[c].missing > 0 && !std::isnan(loaded.fill_[c]);
    loaded.plain_ = loaded.plain_ && !one_hot && !is_filled && loaded.recode_.back().empty();
  }
  return loaded;
}

// From data with these origins to `dataset`, whose numbers times `factor` are in their unit.
void Transform::change_data(double factor, const std::vector<float>& origins,
                            const Dataset& dataset) {
  for (size_t c = 0; c < scale_.size(); ++c) {
    const double shift = static_cast<double>(origins[c]) / factor - dataset.columns[c].origin;
    if (factor == 1 && shift == 0) continue;
    const auto change = [&](float x) {
      return static_cast<float>(static_cast<double>(x) / factor + shift);
    };
    offset_[c] = change(offset_[c]);
    scale_[c] *= static_cast<float>(factor);
    fill_[c] = expand_[c] > 0 ? fill_[c] : change(fill_[c]);
  }
}

std::vector<Column> trained_columns(const store::ModelFile& model, double rescale) {
  const std::vector<std::string> names = names_of(model, "columns");
  if (names.empty()) return {};
  const std::vector<float> origins = origins_of(model);
  const double factor = unit_factor(model, rescale);
  std::vector<Column> columns;
  for (size_t c = 0; c < names.size(); ++c) {
    const auto origin = static_cast<float>(static_cast<double>(origins.at(c)) / factor);
    columns.push_back({names[c], names_of(model, classes_key(c)), 0, static_cast<double>(origin)});
  }
  return columns;
}

// A text column that has no value has no classes either.
std::vector<Column> trained_columns(std::vector<Column> columns, const store::ModelFile& model) {
  for (size_t c = 0; c < columns.size(); ++c) {
    if (columns[c].categorical() || columns[c].missing > 0)
      columns[c].classes = names_of(model, classes_key(c));
  }
  return columns;
}

}  // namespace mlrun::data
