#include "ops/sparse/graph_attention.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "base/philox.h"
#include "ops/sample_graphs.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

constexpr Sizes kGraphAttentionSizes[] = {{0, 3}, {1, 1}, {3, 5}, {17, 8}};

// Whether element i of the attention is kept, as ops::dropout draws it.
bool is_kept(const Array& state, const GraphAttentionOptions& o, int64_t i) {
  const auto word = [&](size_t k) { return static_cast<uint32_t>(state[k]); };
  const auto block = static_cast<uint32_t>(i / 4);
  const auto drawn = philox4x32({block, o.salt, word(2), word(3)}, {word(0), word(1)});
  return drawn[static_cast<size_t>(i % 4)] >= static_cast<double>(o.dropout) * 4294967296.0;
}

// The formula, one node and head at a time.
class Reference {
 public:
  Reference(const SampleGraphs& graphs, const GraphAttentionOptions& options,
            std::span<const Array> x)
      : adjacency_(*graphs.adjacency),
        o_(options),
        h_(x[0]),
        a_(x[1]),
        b_(x[2]),
        random_(options.dropout > 0 ? &x.back() : nullptr),
        width_(static_cast<int64_t>(h_.size() / std::max<size_t>(a_.size(), 1))),
        y_(h_.size()) {
    graphs.for_each(graphs.many() ? &x[3] : nullptr,
                    [&](const DenseGraph& g, int64_t row, int64_t sample) {
                      attend(g, row, sample * adjacency_.slots());
                    });
  }

  Array y() const { return y_; }

 private:
  void attend(const DenseGraph& g, int64_t row, int64_t first_slot) {
    int64_t arc = 0;
    for (int64_t to = 0; to < g.nodes; ++to) {
      std::vector<std::pair<int64_t, int64_t>> read;  // node, slot
      for (int64_t from = 0; from < g.nodes; ++from) {
        if (g.at(to, from) != 0) read.emplace_back(row + from, first_slot + arc++);
      }
      read.emplace_back(row + to, first_slot + adjacency_.most_arcs + to);
      for (int64_t head = 0; head < o_.heads; ++head) attend_head(read, row + to, head);
    }
  }

  void attend_head(const std::vector<std::pair<int64_t, int64_t>>& read, int64_t to, int64_t head) {
    const auto at = [&](const Array& x, int64_t node) {
      return x[static_cast<size_t>(node * o_.heads + head)];
    };
    const auto weight = [&](int64_t from) {
      const double sum = at(a_, from) + at(b_, to);
      return std::exp(sum > 0 ? sum : static_cast<double>(o_.negative_slope) * sum);
    };
    double total = 0;
    for (const auto& [from, slot] : read) total += weight(from);
    for (const auto& [from, slot] : read) {
      double p = weight(from) / total;
      if (random_) p = is_kept(*random_, o_, slot * o_.heads + head) ? p / (1 - o_.dropout) : 0;
      for (int64_t c = 0; c < width_; ++c) {
        y_[static_cast<size_t>((to * o_.heads + head) * width_ + c)] +=
            p * h_[static_cast<size_t>((from * o_.heads + head) * width_ + c)];
      }
    }
  }

  const Adjacency& adjacency_;
  const GraphAttentionOptions& o_;
  const Array& h_;
  const Array& a_;
  const Array& b_;
  const Array* random_;
  int64_t width_;
  Array y_;
};

Case attention_case(const SampleGraphs& graphs, const GraphAttentionOptions& o) {
  return {"graph attention of " + std::to_string(o.heads) + " heads",
          [=](int64_t width) {
            std::vector<Input> inputs = {{graphs.at_nodes(o.heads * width)},
                                         {graphs.at_nodes(o.heads)},
                                         {graphs.at_nodes(o.heads)}};
            if (graphs.many()) inputs.push_back(graphs.which());
            if (o.dropout > 0) inputs.push_back({{4}, 0, 4294967295.0, DType::kUint32});
            return inputs;
          },
          [=](Graph& g, std::span<const ValueId> x) {
            GraphAttentionInputs in{x[0], x[1], x[2], graph::kNoValue, graph::kNoValue};
            if (graphs.many()) in.graph = x[3];
            if (o.dropout > 0) in.random = x.back();
            return graph_attention(g, graphs.adjacency, o, in);
          },
          [=](std::span<const Array> x, Sizes) { return Reference(graphs, o, x).y(); },
          true,
          2e-5,
          0.1};
}

}  // namespace

TEST_CASE("graph attention: of each node to its neighbours and itself") {
  for (const int64_t heads : {1, 3}) {
    const GraphAttentionOptions options{heads, 0.2f, 0, 0};
    check(attention_case(one_graph(1), options), kGraphAttentionSizes);
    check(attention_case(one_graph(60), options), kGraphAttentionSizes);
    check(attention_case(many_graphs(), options), kGraphAttentionSizes);
  }
}

TEST_CASE("graph attention: dropout of the attention, the same forward and backward") {
  const GraphAttentionOptions options{3, 0.1f, 0.5f, 5};
  check(attention_case(one_graph(60), options), kGraphAttentionSizes);
  check(attention_case(many_graphs(), options), kGraphAttentionSizes);
}
