// A data set in the memory of a context, so that steps gather their rows there.
#pragma once

#include <vector>

#include "device/context.h"
#include "graph/executable.h"
#include "train/feed.h"
#include "train/training_graph.h"

namespace mlrun::train {

/// What ResidentData takes at most for one trial of a model with this input.
int64_t resident_bytes(const data::Dataset& dataset, const Shape& input);

/// All rows as feeds give them to the trials of a stack, one table for each part of a sample.
/// Trials that are all given the same (of one scaling, whatever their seeds) share one copy.
class ResidentData {
 public:
  /// Gathers and uploads every row of feeds of one data set, one for each trial, whose samples are
  /// constant (Feed::is_constant()). Throws std::bad_alloc where they do not fit, or would leave
  /// too little for the training itself.
  ResidentData(std::span<const Feed* const> feeds, device::Context& context);

  struct Nodes {
    GraphInputs gathered;  ///< by the input of a model that each is
    std::vector<graph::ValueId> tables;
  };

  /// Appends the nodes that gather `rows`, int32 (N).
  Nodes append(graph::Graph& g, graph::ValueId rows) const;

  /// Binds the tables.
  void bind(graph::Executable& executable, const Nodes& nodes) const;

 private:
  struct Table {
    graph::ValueId GraphInputs::*input;
    const char* name;
    int64_t width = 0;  ///< words of a row
    device::Memory memory;
  };

  void fill(const Feed& feed, int64_t trial, device::Context& context);
  int64_t bytes(const Table& table) const;  ///< of one trial

  int64_t rows_ = 0;
  bool shared_;
  std::vector<Table> tables_;
};

}  // namespace mlrun::train
