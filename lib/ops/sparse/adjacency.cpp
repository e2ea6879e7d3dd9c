#include "ops/sparse/adjacency.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "graph/op.h"

namespace mlrun::ops {
namespace {

// Sorted by the node they end in, then by the node they begin in.
std::vector<Arc> sorted(std::span<const Arc> arcs) {
  std::vector<Arc> all(arcs.begin(), arcs.end());
  std::erase_if(all, [](const Arc& arc) { return arc.from == arc.to; });
  std::stable_sort(all.begin(), all.end(), [](const Arc& a, const Arc& b) {
    return a.to != b.to ? a.to < b.to : a.from < b.from;
  });
  const auto same = [](const Arc& a, const Arc& b) { return a.to == b.to && a.from == b.from; };
  all.erase(std::unique(all.begin(), all.end(), same), all.end());
  return all;
}

void fill_in(const std::vector<Arc>& arcs, Adjacency& a) {
  a.in.begin.assign(static_cast<size_t>(a.nodes()) + 1, 0);
  for (const Arc& arc : arcs) {
    ++a.in.begin[static_cast<size_t>(arc.to) + 1];
    a.in.arc.push_back(static_cast<int32_t>(a.in.node.size()));
    a.in.node.push_back(arc.from);
    a.weight.push_back(arc.weight);
  }
  for (size_t n = 1; n < a.in.begin.size(); ++n) a.in.begin[n] += a.in.begin[n - 1];
}

void fill_out(const std::vector<Arc>& arcs, Adjacency& a) {
  a.out.begin.assign(static_cast<size_t>(a.nodes()) + 1, 0);
  a.out.node.resize(arcs.size());
  a.out.arc.resize(arcs.size());
  for (const Arc& arc : arcs) ++a.out.begin[static_cast<size_t>(arc.from) + 1];
  for (size_t n = 1; n < a.out.begin.size(); ++n) a.out.begin[n] += a.out.begin[n - 1];
  std::vector<int64_t> next = a.out.begin;
  for (size_t i = 0; i < arcs.size(); ++i) {
    const auto at = static_cast<size_t>(next[static_cast<size_t>(arcs[i].from)]++);
    a.out.node[at] = arcs[i].to;
    a.out.arc[at] = static_cast<int32_t>(i);
  }
}

void fill_degrees(Adjacency& a) {
  for (size_t n = 0; n < static_cast<size_t>(a.nodes()); ++n) {
    const int64_t begin = a.in.begin[n];
    const int64_t end = a.in.begin[n + 1];
    double total = 1;
    for (int64_t k = begin; k < end; ++k) total += a.weight[static_cast<size_t>(k)];
    a.inverse_degree.push_back(begin == end ? 0 : 1.0f / static_cast<float>(end - begin));
    a.inverse_root.push_back(total > 0 ? static_cast<float>(1 / std::sqrt(total)) : 0);
  }
}

}  // namespace

Adjacency make_adjacency(std::vector<int64_t> first_node, std::span<const Arc> arcs) {
  Adjacency a;
  a.first_node = std::move(first_node);
  const std::vector<Arc> all = sorted(arcs);
  fill_in(all, a);
  fill_out(all, a);
  fill_degrees(a);
  for (size_t g = 0; g + 1 < a.first_node.size(); ++g) {
    const int64_t begin = a.first_node[g];
    const int64_t end = a.first_node[g + 1];
    a.most_nodes = std::max(a.most_nodes, end - begin);
    a.most_arcs = std::max(
        a.most_arcs, a.in.begin[static_cast<size_t>(end)] - a.in.begin[static_cast<size_t>(begin)]);
  }
  return a;
}

NodePlace place_of(const Adjacency& a, const int32_t* graph, int64_t row) {
  NodePlace place;
  place.sample = row / a.most_nodes;
  const auto g = static_cast<size_t>(graph ? graph[place.sample] : 0);
  const int64_t first = a.first_node[g];
  place.shift = place.sample * a.most_nodes - first;
  place.first_arc = a.in.begin[static_cast<size_t>(first)];
  const int64_t node = row - place.shift;
  if (node < a.first_node[g + 1]) place.node = node;
  return place;
}

void check_nodes(const Adjacency& a, const Shape& x, const std::string& what) {
  const int rank = x.has_batch() ? 3 : 2;
  const int64_t rows = a.most_nodes;
  if (x.rank() == rank && x[rank - 2] == rows && (x.has_batch() || a.graphs() == 1)) return;
  throw graph::ShapeError(
      fmt::format("{} needs values at the {} nodes, {}, not {}", what, rows,
                  a.graphs() == 1 ? fmt::format("({}, C)", rows) : fmt::format("(N, {}, C)", rows),
                  x.to_string()));
}

}  // namespace mlrun::ops
