// What becomes of every column of a table.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/source.h"

namespace mlrun::data {

enum class ColumnUse { kIgnore, kFeature, kTarget, kGroup };

struct ColumnPlan {
  std::string name;
  ColumnUse use = ColumnUse::kFeature;
  bool text = false;      ///< a dictionary of its texts, else a number
  bool verbatim = false;  ///< texts that all are numbers are classes by text nevertheless
  int slot = 0;           ///< position among the columns of the same use
  int dictionary = -1;    ///< of a text column
  double origin = 0;      ///< of a feature of numbers, see Column

  /// Numbers are read as double, not as float.
  bool exact() const { return use == ColumnUse::kTarget || origin != 0; }
};

/// Fixed before the first row is read.
struct TablePlan {
  std::vector<ColumnPlan> columns;
  int features = 0;
  int targets = 0;
  int dictionaries = 0;
  bool groups = false;
  bool classes = false;     ///< the target is a text column
  bool any_target = false;  ///< targets are not learned from: they may be missing, of one class
};

/// Those of dataset.missing that are numbers.
std::vector<float> missing_numbers(const config::DatasetSpec& spec);

/// The error of a table with its place.
using TableError = std::function<InputError(const std::string& message)>;

/// Gives every named column of `plan` its use: target, group, ignore and features of the spec are
/// names or positions (negative: from the end). Throws InputError for one that does not exist or
/// has two uses, where that is written, and `error` for a table without features, and when classes
/// are wanted from no or several targets. Where source.may_lack_target, columns of the target, the
/// group and ignore may not exist. Features that are named as those of source.trained get their
/// order.
void choose_uses(const Source& source, const TableError& error, TablePlan& plan);

/// Decides which columns are text: those that already are, the categorical ones, those that
/// source.trained has as text, the group, and the target if it is one of classes. Numbers get the
/// origins that they have there.
void choose_texts(const Source& source, const TableError& error, TablePlan& plan);

}  // namespace mlrun::data
