#include <cmath>

#include "ops/kernel/device_dropout.h"
#include "ops/kernel/device_workspace.h"
#include "ops/kernel/launch.h"
#include "ops/sparse/device_adjacency.h"
#include "ops/sparse/graph_attention.h"

namespace mlrun::ops {
namespace {

DeviceAdjacency adjacency_of(const graph::KernelCall& call, const Adjacency& a) {
  return {call, a, call.in[0].shape.has_batch() ? &call.in[3] : nullptr};
}

DeviceDropout dropout_of(const graph::KernelCall& call, const GraphAttentionOptions& o) {
  if (o.dropout == 0) return {};
  return {o.dropout, varied(call), o.salt, call.in[call.in[0].shape.has_batch() ? 4 : 3]};
}

// The operands that both directions have.
struct NeighbourOperands {
  DeviceAdjacency a;
  DeviceDropout dropout;
  float negative_slope;
  Divider heads;
  Divider width;  ///< of a head
  int64_t rows;
  Stacked<const float> h, source, target;

  NeighbourOperands(const graph::KernelCall& call, const Adjacency& adjacency,
                    const GraphAttentionOptions& o)
      : a(adjacency_of(call, adjacency)),
        dropout(dropout_of(call, o)),
        negative_slope(o.negative_slope),
        heads(o.heads),
        width(call.in[0].shape.back() / o.heads),
        rows(call.in[1].elements() / o.heads),
        h(input(call.in[0])),
        source(input(call.in[1])),
        target(input(call.in[2])) {}

  // work(row of the node that is read, slot) for a node's neighbours and, at last, itself.
  template <class Work>
  MLRUN_KERNEL void for_each_read(int64_t row, const NodePlace& place, Work work) const {
    for (int64_t arc = a.in.begin[place.node]; arc < a.in.begin[place.node + 1]; ++arc) {
      work(a.in.node[arc] + place.shift, a.slot(place, arc));
    }
    work(row, a.own_slot(place, row));
  }

  // The same for those that read the node.
  template <class Work>
  MLRUN_KERNEL void for_each_reader(int64_t row, const NodePlace& place, Work work) const {
    for (int64_t at = a.out.begin[place.node]; at < a.out.begin[place.node + 1]; ++at) {
      work(a.out.node[at] + place.shift, a.slot(place, a.out.arc[at]));
    }
    work(row, a.own_slot(place, row));
  }

  MLRUN_KERNEL float sum(int64_t k, int64_t read, int64_t reader, int64_t head) const {
    return source(k)[read * heads.divisor() + head] + target(k)[reader * heads.divisor() + head];
  }
  MLRUN_KERNEL float logit(int64_t k, int64_t read, int64_t reader, int64_t head) const {
    const float x = sum(k, read, reader, head);
    return x > 0 ? x : negative_slope * x;
  }
};

// A head of a row, of all of them one after the other.
struct Head {
  int64_t row;
  int64_t head;

  MLRUN_KERNEL Head(const Divider& heads, int64_t i) : row(heads.quotient(i)), head(0) {
    head = i - row * heads.divisor();
  }
};

// p of the slots that a node reads.
MLRUN_KERNEL void softmax_of(const NeighbourOperands& x, int64_t k, const Head& at,
                             const NodePlace& place, float* p) {
  const int64_t heads = x.heads.divisor();
  float most = -INFINITY;
  x.for_each_read(at.row, place, [&](int64_t read, int64_t) {
    const float logit = x.logit(k, read, at.row, at.head);
    most = most < logit ? logit : most;
  });
  float sum = 0;
  x.for_each_read(at.row, place, [&](int64_t read, int64_t slot) {
    const float value = expf(x.logit(k, read, at.row, at.head) - most);
    p[slot * heads + at.head] = value;
    sum += value;
  });
  x.for_each_read(at.row, place, [&](int64_t, int64_t slot) { p[slot * heads + at.head] /= sum; });
}

}  // namespace

void graph_attention_cuda(const graph::KernelCall& call) {
  const auto& op = static_cast<const GraphAttentionOp&>(call.op);
  const NeighbourOperands x(call, op.adjacency(), op.options());
  const auto y = output(call.out[0]);
  const auto p = output(call.out[1]);
  for_each_element(call, x.rows * x.heads.divisor(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const Head at(x.heads, i);
    const NodePlace place = x.a.place(k, at.row);
    if (place.node >= 0) softmax_of(x, k, at, place, p(k));
  });
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const int64_t of_head = x.width.quotient(i);
    const Head at(x.heads, of_head);
    const int64_t heads = x.heads.divisor();
    const int64_t c = i - at.row * heads * x.width.divisor();
    const NodePlace place = x.a.place(k, at.row);
    float sum = 0;
    if (place.node >= 0) {
      x.for_each_read(at.row, place, [&](int64_t read, int64_t slot) {
        const int64_t number = slot * heads + at.head;
        sum += x.dropout(k, number, p(k)[number]) * x.h(k)[read * heads * x.width.divisor() + c];
      });
    }
    y(k)[i] = sum;
  });
}

namespace {

// What the forward pass made, and dy.
struct Made {
  Stacked<const float> y, p, dy;

  explicit Made(const graph::KernelCall& call)
      : y(input(call.in[call.in.size() - 3])),
        p(input(call.in[call.in.size() - 2])),
        dy(input(call.in.back())) {}
};

MLRUN_KERNEL float dot(const float* a, const float* b, int64_t n, const Lanes& lanes) {
  float sum = 0;
  for (int64_t i = lanes.lane(); i < n; i += lanes.size()) sum += a[i] * b[i];
  return lanes.sum(sum);
}

// With q = dropout(p) and s the logits:
//   dq_ij = dy_i . h_j, ds_ij = q_ij dq_ij - p_ij (dy_i . y_i), since sum_j q_ij dq_ij = dy_i . y_i
void logit_gradients(const graph::KernelCall& call, const NeighbourOperands& x, const Made& made,
                     const Stacked<float>& ds) {
  const auto db = output(call.out[2]);
  for_each_row(
      call, x.rows * x.heads.divisor(), x.width.divisor(),
      [=] MLRUN_KERNEL(int64_t k, int64_t i, const Lanes& lanes) {
        const Head at(x.heads, i);
        const NodePlace place = x.a.place(k, at.row);
        const int64_t heads = x.heads.divisor();
        const int64_t width = x.width.divisor();
        float all = 0;
        if (place.node >= 0) {
          const float* dy = made.dy(k) + i * width;
          const float mean = dot(dy, made.y(k) + i * width, width, lanes);
          x.for_each_read(at.row, place, [&](int64_t read, int64_t slot) {
            const float dq = dot(dy, x.h(k) + (read * heads + at.head) * width, width, lanes);
            const int64_t number = slot * heads + at.head;
            const float p = made.p(k)[number];
            const float slope = x.sum(k, read, at.row, at.head) > 0 ? 1.0f : x.negative_slope;
            const float d = (x.dropout(k, number, p) * dq - p * mean) * slope;
            if (lanes.lane() == 0) ds(k)[number] = d;
            all += d;
          });
        }
        if (lanes.lane() == 0) db(k)[i] = all;
      });
}

void gradient_of_values(const graph::KernelCall& call, const NeighbourOperands& x,
                        const Made& made) {
  const auto dh = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const Head at(x.heads, x.width.quotient(i));
    const int64_t heads = x.heads.divisor();
    const int64_t c = i - at.row * heads * x.width.divisor();
    const NodePlace place = x.a.place(k, at.row);
    float sum = 0;
    if (place.node >= 0) {
      x.for_each_reader(at.row, place, [&](int64_t reader, int64_t slot) {
        const int64_t number = slot * heads + at.head;
        sum += x.dropout(k, number, made.p(k)[number]) *
               made.dy(k)[reader * heads * x.width.divisor() + c];
      });
    }
    dh(k)[i] = sum;
  });
}

void gradient_of_read(const graph::KernelCall& call, const NeighbourOperands& x,
                      const Stacked<float>& ds) {
  const auto da = output(call.out[1]);
  for_each_element(call, x.rows * x.heads.divisor(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const Head at(x.heads, i);
    const NodePlace place = x.a.place(k, at.row);
    float sum = 0;
    if (place.node >= 0) {
      x.for_each_reader(at.row, place, [&](int64_t, int64_t slot) {
        sum += ds(k)[slot * x.heads.divisor() + at.head];
      });
    }
    da(k)[i] = sum;
  });
}

}  // namespace

void graph_attention_grad_cuda(const graph::KernelCall& call) {
  const auto& op = static_cast<const GraphAttentionGradOp&>(call.op);
  const NeighbourOperands x(call, op.adjacency(), op.options());
  const Made made(call);
  const int64_t slots = call.in[call.in.size() - 2].elements();
  const auto ds = workspace_values<float>(call, slots);
  logit_gradients(call, x, made, ds);
  gradient_of_values(call, x, made);
  gradient_of_read(call, x, ds);
}

}  // namespace mlrun::ops
