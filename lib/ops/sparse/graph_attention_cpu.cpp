#include <algorithm>
#include <cmath>
#include <limits>

#include "device/cpu_context.h"
#include "ops/elementwise/elementwise.h"
#include "ops/sparse/graph_attention.h"

namespace mlrun::ops {
namespace {

// The operands that both directions have.
class Operands {
 public:
  Operands(const graph::KernelCall& call, const Adjacency& adjacency,
           const GraphAttentionOptions& options)
      : a(adjacency),
        o(options),
        heads(options.heads),
        width(call.in[0].shape.back() / options.heads),
        rows(call.in[1].elements() / options.heads),
        h(call.in[0].f32()),
        source(call.in[1].f32()),
        target(call.in[2].f32()),
        graph(call.in[0].shape.has_batch() ? call.in[3].i32() : nullptr),
        random(options.dropout > 0 ? call.in[graph ? 4 : 3].u32() : nullptr),
        context_(call.context) {}

  // work(row, place) for every node. Each writes its own row and the slots of the arcs that end in
  // it, summed in the order of the arcs.
  template <class Work>
  void for_each_node(Work work) const {
    const int64_t grain = std::max<int64_t>(256 / (heads * width), 1);
    device::parallel_for(device::cpu_team(context_), rows, grain, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) work(row, place_of(a, graph, row));
    });
  }

  // work(row of the node that is read, slot) for a node's neighbours and, at last, itself.
  template <class Work>
  void for_each_read(int64_t row, const NodePlace& place, Work work) const {
    const auto node = static_cast<size_t>(place.node);
    for (int64_t k = a.in.begin[node]; k < a.in.begin[node + 1]; ++k) {
      work(a.in.node[static_cast<size_t>(k)] + place.shift, place.slot(a, k));
    }
    work(row, place.own_slot(a, row));
  }

  // The same for those that read the node.
  template <class Work>
  void for_each_reader(int64_t row, const NodePlace& place, Work work) const {
    const auto node = static_cast<size_t>(place.node);
    for (int64_t k = a.out.begin[node]; k < a.out.begin[node + 1]; ++k) {
      const auto at = static_cast<size_t>(k);
      work(a.out.node[at] + place.shift, place.slot(a, a.out.arc[at]));
    }
    work(row, place.own_slot(a, row));
  }

  float logit(int64_t read, int64_t reader, int64_t head) const {
    const float sum = source[read * heads + head] + target[reader * heads + head];
    return sum > 0 ? sum : o.negative_slope * sum;
  }

  float logit_slope(int64_t read, int64_t reader, int64_t head) const {
    return source[read * heads + head] + target[reader * heads + head] > 0 ? 1 : o.negative_slope;
  }

  // The attention of the slots that a node reads after dropout: p itself if nothing is dropped.
  const float* drop(const float* p, int64_t row, const NodePlace& place, float* memory) const {
    if (!random) return p;
    const auto node = static_cast<size_t>(place.node);
    const int64_t first = place.slot(a, a.in.begin[node]);
    drop_slots(p, first, a.in.begin[node + 1] - a.in.begin[node], memory);
    drop_slots(p, place.own_slot(a, row), 1, memory);
    return memory;
  }

  const Adjacency& a;
  const GraphAttentionOptions& o;
  int64_t heads;
  int64_t width;
  int64_t rows;
  const float* h;
  const float* source;
  const float* target;
  const int32_t* graph;
  const uint32_t* random;

 private:
  void drop_slots(const float* p, int64_t first, int64_t count, float* out) const {
    const int64_t at = first * heads;
    dropout_cpu(p + at, out + at, count * heads, {o.dropout, random, o.salt, at});
  }

  device::Context& context_;
};

// p of the slots that a node reads.
void softmax_of(const Operands& x, int64_t row, const NodePlace& place, float* p) {
  for (int64_t head = 0; head < x.heads; ++head) {
    float most = -std::numeric_limits<float>::infinity();
    x.for_each_read(row, place, [&](int64_t read, int64_t) {
      most = std::max(most, x.logit(read, row, head));
    });
    float sum = 0;
    x.for_each_read(row, place, [&](int64_t read, int64_t slot) {
      float& value = p[slot * x.heads + head];
      value = std::exp(x.logit(read, row, head) - most);
      sum += value;
    });
    x.for_each_read(row, place, [&](int64_t, int64_t slot) { p[slot * x.heads + head] /= sum; });
  }
}

float dot(const float* a, const float* b, int64_t n) {
  float sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

// y <- y + factor of each head times x.
void add_heads(const float* factor, const float* x, const Operands& o, float* __restrict y) {
  for (int64_t head = 0; head < o.heads; ++head) {
    const int64_t begin = head * o.width;
    for (int64_t c = begin; c < begin + o.width; ++c) y[c] += factor[head] * x[c];
  }
}

}  // namespace

void graph_attention_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const GraphAttentionOp&>(call.op);
  const Operands x(call, op.adjacency(), op.options());
  const int64_t all = x.heads * x.width;
  float* p = call.out[1].f32();
  auto* memory = reinterpret_cast<float*>(call.workspace);
  x.for_each_node([&](int64_t row, const NodePlace& place) {
    float* y = call.out[0].f32() + row * all;
    std::fill_n(y, all, 0.0f);
    if (place.node < 0) return;
    softmax_of(x, row, place, p);
    const float* q = x.drop(p, row, place, memory);
    x.for_each_read(row, place, [&](int64_t read, int64_t slot) {
      add_heads(q + slot * x.heads, x.h + read * all, x, y);
    });
  });
}

// With q = dropout(p) and s the logits:
//   dq_ij = dy_i . h_j, ds_ij = q_ij dq_ij - p_ij (dy_i . y_i), since sum_j q_ij dq_ij = dy_i . y_i
void graph_attention_grad_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const GraphAttentionGradOp&>(call.op);
  const Operands x(call, op.adjacency(), op.options());
  const int64_t all = x.heads * x.width;
  const std::span<const Tensor> made = call.in.last(3);
  const float* y = made[0].f32();
  const float* p = made[1].f32();
  const float* dy = made[2].f32();
  auto* memory = reinterpret_cast<float*>(call.workspace);
  float* ds = memory + made[1].elements();
  x.for_each_node([&](int64_t row, const NodePlace& place) {
    float* db = call.out[2].f32() + row * x.heads;
    std::fill_n(db, x.heads, 0.0f);
    if (place.node < 0) return;
    const float* q = x.drop(p, row, place, memory);
    x.for_each_read(row, place, [&](int64_t read, int64_t slot) {
      for (int64_t head = 0; head < x.heads; ++head) {
        const int64_t at = row * all + head * x.width;
        const float dq = dot(dy + at, x.h + read * all + head * x.width, x.width);
        const float mean = dot(dy + at, y + at, x.width);
        float& d = ds[slot * x.heads + head];
        d = (q[slot * x.heads + head] * dq - p[slot * x.heads + head] * mean) *
            x.logit_slope(read, row, head);
        db[head] += d;
      }
    });
  });
  x.for_each_node([&](int64_t row, const NodePlace& place) {
    float* dh = call.out[0].f32() + row * all;
    float* da = call.out[1].f32() + row * x.heads;
    std::fill_n(dh, all, 0.0f);
    std::fill_n(da, x.heads, 0.0f);
    if (place.node < 0) return;
    x.for_each_reader(row, place, [&](int64_t reader, int64_t slot) {
      add_heads((x.random ? memory : p) + slot * x.heads, dy + reader * all, x, dh);
      for (int64_t head = 0; head < x.heads; ++head) da[head] += ds[slot * x.heads + head];
    });
  });
}

}  // namespace mlrun::ops
