#include "trials/doubts.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>
#include <string_view>

#include "nn/layer.h"
#include "nn/layers/masking.h"

namespace mlrun::trials {
namespace {

std::string doubt_of_groups(const Search& search) {
  const std::optional<config::CvSpec>& cv = search.spec.cv;
  const bool by_group = cv && cv->effective() == config::SplitStrategy::kGroupKFold;
  if (!search.dataset.groups || search.folds.empty() || by_group) return "";
  return fmt::format(
      "{} deals the rows of one group to training and test folds, so that scores may "
      "be too good; set cv.strategy: GroupKFold to keep groups together, or leave out "
      "dataset.group",
      config::Codec<config::SplitStrategy>::write(cv->effective()).scalar);
}

// The layer that masks the data themselves, or null.
const nn::Masking* first_masking(const config::ExperimentSpec& spec) {
  bool data = true;  // all layers before have only given them another shape
  for (const auto& ref : spec.model) {
    const auto& layer = ref.as<nn::Layer>();
    const auto* masking = dynamic_cast<const nn::Masking*>(&layer);
    const bool reads_data = layer.inputs ? layer.inputs->at(0) == "input" : data;
    if (masking && reads_data) return masking;
    data = data && ref.type->name == "Reshape";
  }
  return nullptr;
}

bool has_negative(const data::Dataset& dataset) {
  for (int64_t row = 0; row < dataset.rows; ++row) {
    for (int64_t c = 0; c < dataset.width(); ++c) {
      if (dataset.feature(row, c) < 0) return true;
    }
  }
  return false;
}

// The least value of a column becomes 0 by min_max; padding of 0 stays what it is unless there are
// negative ones.
std::string doubt_of_masking(const Search& search) {
  const config::DatasetSpec& spec = search.spec.dataset;
  const nn::Masking* masking = first_masking(search.spec);
  if (!masking) return "";
  const bool standardized = spec.standardize.any();
  const bool moved =
      spec.min_max.any() && (masking->mask_value != 0 || has_negative(search.dataset));
  if (!standardized && !moved) return "";
  return fmt::format(
      "Masking sees the features as dataset.{} has made them, where padding of {} is another "
      "number and counts as a step; leave out dataset.{}, or scale by a BatchNormalization behind "
      "Masking",
      standardized ? "standardize" : "min_max", masking->mask_value,
      standardized ? "standardize" : "min_max");
}

// "-12,5"
bool is_decimal_comma(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const size_t comma = text.find(',');
  const auto digits = [](std::string_view part) {
    return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  return comma != std::string_view::npos && digits(text.substr(0, comma)) &&
         digits(text.substr(comma + 1));
}

std::string doubt_of_commas(const Search& search) {
  for (const data::Column& column : search.dataset.columns) {
    if (!column.categorical() || !std::ranges::all_of(column.classes, is_decimal_comma)) continue;
    return fmt::format(
        "column '{}' is of texts such as '{}': numbers have a decimal point, not a comma",
        column.name, column.classes.front());
  }
  return "";
}

// Names, dates and the like become a feature for every row.
std::string doubt_of_texts(const Search& search) {
  constexpr size_t kFew = 20;
  if (!search.spec.dataset.one_hot) return "";
  for (const data::Column& column : search.dataset.columns) {
    const auto classes = static_cast<int64_t>(column.classes.size());
    if (column.classes.size() < kFew || 2 * classes < search.dataset.rows) continue;
    return fmt::format(
        "column '{}' has {} different texts in {} rows, and each becomes a feature; if it names "
        "the rows, put it under dataset.ignore; sentences are read with format: documents",
        column.name, classes, search.dataset.rows);
  }
  return "";
}

// Of a path of the grid.
bool changes_loss(std::string_view path) {
  if (path.starts_with("train.outputs")) return !path.ends_with("metrics");
  return path == "train.reduction" || path == "train.loss" || path.starts_with("train.loss.");
}

std::string doubt_of_ranking(const Search& search) {
  if (search.folds.empty() || search.spec.scoring != "loss") return "";
  for (const Cell& cell : search.cells) {
    for (const auto& [path, value] : cell.params) {
      if (!changes_loss(path)) continue;
      return fmt::format(
          "cells are ranked by the loss, but {} changes what it measures; set "
          "scoring to a metric",
          path);
    }
  }
  return "";
}

// Cells of one setting differ by their random numbers alone.
std::string doubt_of_repeats(const Search& search) {
  if (search.kind != SearchKind::kGridSearch) return "";
  for (const config::Grid& grid : search.spec.param_grid.grids) {
    for (const config::Grid::Axis& axis : grid.axes) {
      std::set<std::string> seen;
      for (const config::Node& value : axis.values) {
        if (seen.insert(config::to_flow(value)).second) continue;
        return fmt::format(
            "param_grid has {} twice for {}; to see what chance does, train with several seeds",
            config::to_flow(value), axis.path);
      }
    }
  }
  return "";
}

bool has_all_classes(const data::Dataset& dataset, std::span<const int64_t> rows,
                     std::vector<bool>& has) {
  has.assign(dataset.class_names.size(), false);
  for (const int64_t row : rows) {
    if (dataset.classes[row] >= 0) has[static_cast<size_t>(dataset.classes[row])] = true;
  }
  return std::ranges::find(has, false) == has.end();
}

// A class that a fold's model never saw.
std::string doubt_of_folds(const Search& search) {
  const data::Dataset& dataset = search.dataset;
  std::vector<bool> has;
  if (!dataset.is_classification() || dataset.label_width > 1) return "";
  if (!has_all_classes(dataset, search.hold_out.train, has)) return "";
  for (size_t fold = 0; fold < search.folds.size(); ++fold) {
    if (has_all_classes(dataset, search.folds[fold].train, has)) continue;
    const auto lacking = std::ranges::find(has, false) - has.begin();
    return fmt::format(
        "fold {} has no training row of class '{}'; cv.stratify deals each class to all folds",
        fold, dataset.class_names[static_cast<size_t>(lacking)]);
  }
  return "";
}

}  // namespace

std::vector<std::string> describe_doubts(const Search& search) {
  std::vector<std::string> doubts = {doubt_of_groups(search),  doubt_of_folds(search),
                                     doubt_of_masking(search), doubt_of_ranking(search),
                                     doubt_of_repeats(search), doubt_of_texts(search),
                                     doubt_of_commas(search)};
  std::erase(doubts, "");
  return doubts;
}

}  // namespace mlrun::trials
