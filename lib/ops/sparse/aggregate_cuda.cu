#include "ops/kernel/launch.h"
#include "ops/sparse/aggregate.h"
#include "ops/sparse/device_adjacency.h"

namespace mlrun::ops {
namespace {

// Which graph each sample is: input `at`, if there is one.
DeviceAdjacency adjacency_of(const graph::KernelCall& call, const Adjacency& a, size_t at) {
  return {call, a, call.in.size() > at ? &call.in[at] : nullptr};
}

// What the arcs of an aggregation count.
struct Coefficients {
  Aggregation kind;
  bool transposed;

  // Arc `arc` from `other` to `node`; transposed it runs from `node` to `other`.
  MLRUN_KERNEL float of(const DeviceAdjacency& a, int64_t node, int64_t other, int64_t arc) const {
    if (kind == Aggregation::kSum) return a.weight[arc];
    if (kind == Aggregation::kMean) return a.inverse_degree[transposed ? other : node];
    return a.weight[arc] * a.inverse_root[node] * a.inverse_root[other];
  }

  MLRUN_KERNEL float of_itself(const DeviceAdjacency& a, int64_t node) const {
    return kind == Aggregation::kSymmetric ? a.inverse_root[node] * a.inverse_root[node] : 0.0f;
  }
};

}  // namespace

// Each element adds up its arcs in their order.
void aggregate_cuda(const graph::KernelCall& call) {
  const auto& op = static_cast<const AggregateOp&>(call.op);
  const DeviceAdjacency a = adjacency_of(call, op.adjacency(), 1);
  const DeviceAdjacency::Side side = op.transposed() ? a.out : a.in;
  const Coefficients coefficients{op.kind(), op.transposed()};
  const Divider width(call.in[0].shape.back());
  const auto x = input(call.in[0]);
  const auto y = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const int64_t row = width.quotient(i);
    const int64_t c = i - row * width.divisor();
    const NodePlace place = a.place(k, row);
    float sum = 0;
    if (place.node >= 0) {
      if (coefficients.kind == Aggregation::kSymmetric) {
        sum = coefficients.of_itself(a, place.node) * x(k)[i];
      }
      for (int64_t at = side.begin[place.node]; at < side.begin[place.node + 1]; ++at) {
        const int64_t other = side.node[at];
        const float factor = coefficients.of(a, place.node, other, side.arc[at]);
        sum += factor * x(k)[(other + place.shift) * width.divisor() + c];
      }
    }
    y(k)[i] = sum;
  });
}

void neighbour_max_cuda(const graph::KernelCall& call) {
  const Adjacency& adjacency = static_cast<const NeighbourMaxOp&>(call.op).adjacency();
  const DeviceAdjacency a = adjacency_of(call, adjacency, 1);
  const Divider width(call.in[0].shape.back());
  const auto x = input(call.in[0]);
  const auto y = output(call.out[0]);
  const auto sources = stacked<int32_t>(call.out[1]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const int64_t row = width.quotient(i);
    const int64_t c = i - row * width.divisor();
    const NodePlace place = a.place(k, row);
    float most = 0;
    int32_t source = -1;
    if (place.node >= 0) {
      for (int64_t at = a.in.begin[place.node]; at < a.in.begin[place.node + 1]; ++at) {
        const int32_t other = a.in.node[at];
        const float value = x(k)[(other + place.shift) * width.divisor() + c];
        if (source >= 0 && !(value > most)) continue;
        most = value;
        source = other;
      }
    }
    y(k)[i] = most;
    sources(k)[i] = source;
  });
}

void neighbour_max_grad_cuda(const graph::KernelCall& call) {
  const Adjacency& adjacency = static_cast<const NeighbourMaxGradOp&>(call.op).adjacency();
  const DeviceAdjacency a = adjacency_of(call, adjacency, 2);
  const Divider width(call.in[0].shape.back());
  const auto dy = input(call.in[0]);
  const auto sources = stacked<const int32_t>(call.in[1]);
  const auto dx = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const int64_t row = width.quotient(i);
    const int64_t c = i - row * width.divisor();
    const NodePlace place = a.place(k, row);
    float sum = 0;
    if (place.node >= 0) {
      for (int64_t at = a.out.begin[place.node]; at < a.out.begin[place.node + 1]; ++at) {
        const int64_t reader = (a.out.node[at] + place.shift) * width.divisor() + c;
        if (sources(k)[reader] == place.node) sum += dy(k)[reader];
      }
    }
    dx(k)[i] = sum;
  });
}

void node_mask_cuda(const graph::KernelCall& call) {
  const Adjacency& adjacency = static_cast<const NodeMaskOp&>(call.op).adjacency();
  const DeviceAdjacency a = adjacency_of(call, adjacency, 0);
  const auto mask = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t row) {
    mask(k)[row] = a.place(k, row).node < 0 ? 0.0f : 1.0f;
  });
}

}  // namespace mlrun::ops
