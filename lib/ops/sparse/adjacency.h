// Who is joined to whom: the sparse matrix behind the ops on graphs.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tensor/shape.h"

namespace mlrun::ops {

/// From node to node, both numbered over all graphs.
struct Arc {
  int32_t from = 0;
  int32_t to = 0;
  float weight = 1;
};

/// The arcs of one graph or of many, and the transposed matrix for gradients. Immutable; shared by
/// the ops of all graphs of a training.
struct Adjacency {
  /// One row for each node.
  struct Side {
    std::vector<int64_t> begin;  ///< nodes + 1
    std::vector<int32_t> node;   ///< at the other end of each arc
    std::vector<int32_t> arc;    ///< its number
  };

  std::vector<int64_t> first_node;  ///< of each graph, and the end of the last
  int64_t most_nodes = 0;           ///< of one graph
  int64_t most_arcs = 0;
  Side in;                            ///< arcs by the node they end in; numbered in this order
  Side out;                           ///< the same arcs by the node they begin in
  std::vector<float> weight;          ///< of each arc
  std::vector<float> inverse_degree;  ///< 1 / arcs that end in a node; 0 for none
  std::vector<float> inverse_root;    ///< 1 / sqrt(1 + their weights)

  int64_t nodes() const { return first_node.back(); }
  int64_t graphs() const { return static_cast<int64_t>(first_node.size()) - 1; }
  int64_t arcs() const { return static_cast<int64_t>(weight.size()); }

  /// Places for a number on each arc, and on each node's arc to itself, of one sample.
  int64_t slots() const { return most_arcs + most_nodes; }
};

/// Loops and repeated arcs are left out: the layers add the loops that they need. The order of the
/// arcs does not matter. Arcs stay within their graph.
Adjacency make_adjacency(std::vector<int64_t> first_node, std::span<const Arc> arcs);

/// A node of a graph in a batch.
struct NodePlace {
  int64_t node = -1;  ///< -1: padding behind the graph's own nodes
  int64_t shift = 0;  ///< row of node n in the batch's tensors is n + shift
  int64_t sample = 0;
  int64_t first_arc = 0;  ///< of the graph

  /// Of an arc, and of the node's arc to itself, in a tensor of slots.
  int64_t slot(const Adjacency& a, int64_t arc) const {
    return sample * a.slots() + arc - first_arc;
  }
  int64_t own_slot(const Adjacency& a, int64_t row) const {
    return sample * a.slots() + a.most_arcs + row % a.most_nodes;
  }
};

/// Which node row `row` of a batch is; `graph` (which graph each sample is) may be null for one
/// graph.
NodePlace place_of(const Adjacency& a, const int32_t* graph, int64_t row);

/// Throws graph::ShapeError unless x is (V, C) of one graph, or (N, V, C) with V the most nodes
/// of a graph; `what` names the op.
void check_nodes(const Adjacency& a, const Shape& x, const std::string& what);

}  // namespace mlrun::ops
