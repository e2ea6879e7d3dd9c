// Graphs that are drawn: one whose nodes fall into communities, and many with a motif.
#pragma once

#include "data/generator.h"

namespace mlrun::data {

/// Rows are nodes of classes of equal size. Two nodes are joined with probability p_in if they are
/// of one class, else p_out. Feature j of a node is 1 if j is its class (modulo classes), plus
/// noise. Holland, Laskey, Leinhardt 1983.
struct StochasticBlockModel : Generator {
  int64_t n_samples = 200;
  int64_t n_classes = 4;
  int64_t n_features = 8;
  double p_in = 0.1;
  double p_out = 0.01;
  double noise = 1;
  static const config::FieldList& fields();
  GeneratedTable generate(const PhiloxStream& stream) const override;
};

/// Rows are graphs: random trees of n_nodes / 2 to n_nodes nodes, each with a ring of five nodes
/// (class 0) or a ring with a chord, a house (class 1). As BA-2motifs of Luo et al. 2020, with
/// another base. All features are 1.
struct MakeMotifs : Generator {
  int64_t n_samples = 200;
  int64_t n_nodes = 15;
  static const config::FieldList& fields();
  GeneratedTable generate(const PhiloxStream& stream) const override;

 private:
  int32_t add_graph(const PhiloxStream& stream, int64_t row, int32_t first,
                    std::vector<Edge>& edges) const;
};

}  // namespace mlrun::data
