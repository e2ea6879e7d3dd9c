#include <algorithm>

#include "device/cpu_context.h"
#include "ops/sparse/aggregate.h"

namespace mlrun::ops {
namespace {

// Rows of a tensor at the nodes, and work(row, place) for all of them. A row is done by one thread
// and its sum is in the order of the arcs, so that no cut shows in the bits.
template <class Work>
void for_each_node(const graph::KernelCall& call, const Adjacency& a, const Tensor& x,
                   const int32_t* graph, Work work) {
  const int64_t width = x.shape.back();
  const int64_t grain = std::max<int64_t>(2048 / std::max<int64_t>(width, 1), 1);
  device::parallel_for(device::cpu_team(call.context), width == 0 ? 0 : x.elements() / width, grain,
                       [&](int64_t begin, int64_t end) {
                         for (int64_t row = begin; row < end; ++row) {
                           work(row, place_of(a, graph, row));
                         }
                       });
}

// Which graph each sample is: input `at`, if there is one.
const int32_t* graphs_of(const graph::KernelCall& call, size_t at) {
  return call.in.size() > at ? call.in[at].i32() : nullptr;
}

// What arc `arc` from `other` to `node` counts; transposed it runs from `node` to `other`.
float coefficient(const AggregateOp& op, int64_t node, int64_t other, int64_t arc) {
  const Adjacency& a = op.adjacency();
  switch (op.kind()) {
    case Aggregation::kSum:
      return a.weight[static_cast<size_t>(arc)];
    case Aggregation::kMean:
      return a.inverse_degree[static_cast<size_t>(op.transposed() ? other : node)];
    case Aggregation::kSymmetric:
      break;
  }
  return a.weight[static_cast<size_t>(arc)] * a.inverse_root[static_cast<size_t>(node)] *
         a.inverse_root[static_cast<size_t>(other)];
}

}  // namespace

void aggregate_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const AggregateOp&>(call.op);
  const Adjacency& a = op.adjacency();
  const Adjacency::Side& side = op.transposed() ? a.out : a.in;
  const int64_t width = call.in[0].shape.back();
  for_each_node(call, a, call.in[0], graphs_of(call, 1), [&](int64_t row, const NodePlace& place) {
    float* __restrict y = call.out[0].f32() + row * width;
    std::fill_n(y, width, 0.0f);
    if (place.node < 0) return;
    const auto add = [&](int64_t node, float factor) {
      const float* x = call.in[0].f32() + (node + place.shift) * width;
      for (int64_t c = 0; c < width; ++c) y[c] += factor * x[c];
    };
    const auto node = static_cast<size_t>(place.node);
    if (op.kind() == Aggregation::kSymmetric) {
      add(place.node, a.inverse_root[node] * a.inverse_root[node]);
    }
    for (int64_t k = side.begin[node]; k < side.begin[node + 1]; ++k) {
      const int32_t other = side.node[static_cast<size_t>(k)];
      add(other, coefficient(op, place.node, other, side.arc[static_cast<size_t>(k)]));
    }
  });
}

void neighbour_max_cpu(const graph::KernelCall& call) {
  const Adjacency& a = static_cast<const NeighbourMaxOp&>(call.op).adjacency();
  const int64_t width = call.in[0].shape.back();
  for_each_node(call, a, call.in[0], graphs_of(call, 1), [&](int64_t row, const NodePlace& place) {
    float* y = call.out[0].f32() + row * width;
    int32_t* source = call.out[1].i32() + row * width;
    std::fill_n(y, width, 0.0f);
    std::fill_n(source, width, -1);
    if (place.node < 0) return;
    const auto node = static_cast<size_t>(place.node);
    for (int64_t k = a.in.begin[node]; k < a.in.begin[node + 1]; ++k) {
      const int32_t other = a.in.node[static_cast<size_t>(k)];
      const float* x = call.in[0].f32() + (other + place.shift) * width;
      for (int64_t c = 0; c < width; ++c) {
        if (source[c] >= 0 && !(x[c] > y[c])) continue;
        y[c] = x[c];
        source[c] = other;
      }
    }
  });
}

void neighbour_max_grad_cpu(const graph::KernelCall& call) {
  const Adjacency& a = static_cast<const NeighbourMaxGradOp&>(call.op).adjacency();
  const int64_t width = call.in[0].shape.back();
  for_each_node(call, a, call.in[0], graphs_of(call, 2), [&](int64_t row, const NodePlace& place) {
    float* __restrict dx = call.out[0].f32() + row * width;
    std::fill_n(dx, width, 0.0f);
    if (place.node < 0) return;
    const auto node = static_cast<size_t>(place.node);
    for (int64_t k = a.out.begin[node]; k < a.out.begin[node + 1]; ++k) {
      const int64_t reader = (a.out.node[static_cast<size_t>(k)] + place.shift) * width;
      const float* dy = call.in[0].f32() + reader;
      const int32_t* source = call.in[1].i32() + reader;
      for (int64_t c = 0; c < width; ++c) {
        if (source[c] == place.node) dx[c] += dy[c];
      }
    }
  });
}

void node_mask_cpu(const graph::KernelCall& call) {
  const Adjacency& a = static_cast<const NodeMaskOp&>(call.op).adjacency();
  float* mask = call.out[0].f32();
  for (int64_t row = 0; row < call.out[0].elements(); ++row) {
    mask[row] = place_of(a, call.in[0].i32(), row).node < 0 ? 0.0f : 1.0f;
  }
}

}  // namespace mlrun::ops
