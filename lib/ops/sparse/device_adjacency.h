// An Adjacency in the memory of a device.
#pragma once

#include "ops/kernel/divider.h"
#include "ops/kernel/launch.h"
#include "ops/sparse/adjacency.h"

namespace mlrun::ops {

/// As Adjacency has it; which graph each sample is comes with it.
class DeviceAdjacency {
 public:
  struct Side {
    const int64_t* begin;
    const int32_t* node;
    const int32_t* arc;
  };

  /// `graph`: int32 (N), or null for one graph.
  DeviceAdjacency(const graph::KernelCall& call, const Adjacency& a, const Tensor* graph)
      : in(side(call, a.in)),
        out(side(call, a.out)),
        weight(constants(call, std::span(a.weight))),
        inverse_degree(constants(call, std::span(a.inverse_degree))),
        inverse_root(constants(call, std::span(a.inverse_root))),
        first_node_(constants(call, std::span(a.first_node))),
        rows_(a.most_nodes),
        most_arcs_(a.most_arcs),
        slots_(a.slots()) {
    if (graph) graph_ = stacked<const int32_t>(*graph);
  }

  /// place_of() of ops/sparse/adjacency.h, in copy k.
  MLRUN_KERNEL NodePlace place(int64_t k, int64_t row) const {
    NodePlace place;
    place.sample = rows_.quotient(row);
    const int64_t graph = graph_.data ? graph_(k)[place.sample] : 0;
    const int64_t first = first_node_[graph];
    place.shift = place.sample * rows_.divisor() - first;
    place.first_arc = in.begin[first];
    const int64_t node = row - place.shift;
    if (node < first_node_[graph + 1]) place.node = node;
    return place;
  }

  MLRUN_KERNEL int64_t slot(const NodePlace& place, int64_t arc) const {
    return place.sample * slots_ + arc - place.first_arc;
  }
  MLRUN_KERNEL int64_t own_slot(const NodePlace& place, int64_t row) const {
    return place.sample * slots_ + most_arcs_ + rows_.remainder(row);
  }

  Side in;
  Side out;
  const float* weight;
  const float* inverse_degree;
  const float* inverse_root;

 private:
  static Side side(const graph::KernelCall& call, const Adjacency::Side& s) {
    return {constants(call, std::span(s.begin)), constants(call, std::span(s.node)),
            constants(call, std::span(s.arc))};
  }

  const int64_t* first_node_;
  Divider rows_;  ///< of each sample
  int64_t most_arcs_;
  int64_t slots_;
  Stacked<const int32_t> graph_;
};

}  // namespace mlrun::ops
