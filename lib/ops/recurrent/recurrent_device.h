// The arithmetic of one step of a GPU's recurrent cells, for one unit of one sample at a time. What
// is computed is that of ops/recurrent/recurrent_cells.cpp.
#pragma once

#include <cmath>

#include "ops/elementwise/elementwise_codes.h"
#include "ops/kernel/device_code.h"
#include "ops/kernel/divider.h"
#include "ops/recurrent/recurrent.h"

namespace mlrun::ops {

MLRUN_KERNEL inline float activate(CellActivation f, float x) {
  switch (f) {
    case CellActivation::kTanh:
      return tanhf(x);
    case CellActivation::kSigmoid:
      return sigmoid_of(x);
    case CellActivation::kHardSigmoid:
      return hard_sigmoid_of(x);
    case CellActivation::kRelu:
      return x < 0 ? 0.0f : x;
    case CellActivation::kLinear:
      break;
  }
  return x;
}

/// dy f'(x), from y = f(x).
MLRUN_KERNEL inline float slope(CellActivation f, float y, float dy) {
  switch (f) {
    case CellActivation::kTanh:
      return dy * (1.0f - y * y);
    case CellActivation::kSigmoid:
      return dy * (y - y * y);
    case CellActivation::kHardSigmoid:
      return y > 0 && y < 1 ? dy * (1.0f / 6) : 0.0f;
    case CellActivation::kRelu:
      return y > 0 ? dy : 0.0f;
    case CellActivation::kLinear:
      break;
  }
  return dy;
}

inline constexpr int kMostGates = 4;

/// A cell without what is in memory, of all samples and steps.
struct CellKind {
  Cell cell;
  CellActivation activation;
  CellActivation gate;
  int64_t gates;
  int64_t saved;
  int64_t samples;
  int64_t steps;
  Divider units;

  /// states: (N, T, K).
  CellKind(const RecurrentSettings& settings, const Shape& states)
      : cell(settings.cell),
        activation(settings.activation),
        gate(settings.recurrent_activation),
        gates(settings.gates()),
        saved(settings.saved()),
        samples(states[0]),
        steps(states[1]),
        units(states[2]) {}
};

/// Unit u of sample n at step t, in copy k.
struct CellUnit {
  int64_t k, t, n, row, line, units;
  int64_t u = 0;

  /// i counts the units of the samples from `first` on.
  MLRUN_KERNEL CellUnit(const CellKind& kind, int64_t copy, int64_t step, int64_t i,
                        int64_t first = 0)
      : k(copy),
        t(step),
        n(first + kind.units.quotient(i)),
        row(n - first),
        line(step * kind.samples + n),
        units(kind.units.divisor()) {
    u = i - row * units;
  }

  /// Gate g of so many, of what is by step; of a step that is `lines` away.
  template <class T>
  MLRUN_KERNEL T& in(const Stacked<T>& x, int64_t gates = 1, int64_t g = 0,
                     int64_t lines = 0) const {
    return x(k)[((line + lines) * gates + g) * units + u];
  }
  /// Of what is (N, K).
  template <class T>
  MLRUN_KERNEL T& of_sample(const Stacked<T>& x) const {
    return x(k)[n * units + u];
  }
  MLRUN_KERNEL bool is_skipped(const Stacked<const float>& mask) const {
    return mask.data && mask(k)[line] == 0;
  }
};

/// A product of rows with U or its transpose, perhaps in parts that are yet to be added up.
struct CellProduct {
  Stacked<const float> data;  ///< null: zeros
  int64_t width = 0;          ///< of a row
  int parts = 1;
  int64_t step = 0;  ///< from part to part

  MLRUN_KERNEL float of(const CellUnit& at, int64_t g = 0) const {
    if (!data.data) return 0;
    const float* first = data(at.k) + at.row * width + g * at.units + at.u;
    float sum = first[0];
    for (int part = 1; part < parts; ++part) sum += first[part * step];
    return sum;
  }
};

/// Rows that a block of threads multiplies next, in its shared memory; or null.
struct CarriedRows {
  float* data = nullptr;
  int64_t width = 0;

  MLRUN_KERNEL void put(const CellUnit& at, int64_t g, float value) const {
    if (data) data[at.row * width + g * at.units + at.u] = value;
  }
};

/// What a cell does not have is null.
struct CellForward {
  CellKind kind;
  Stacked<const float> x;     ///< (N, T, gates K)
  Stacked<const float> bias;  ///< (gates K), of kGru
  Stacked<const float> mask;  ///< (N, T)
  Stacked<float> before;      ///< the state before each step: (N, T, K)
  Stacked<float> saved;       ///< (N, T, saved K)
  Stacked<float> cell;        ///< (N, T, K)
  Stacked<float> states;      ///< (N, T, K)
  Stacked<float> last;        ///< (N, K)
  CellProduct inner;          ///< h U of this step: (N, gates K); null at the first
  CarriedRows carried;        ///< the state once more

  /// What a unit reads, but for `inner`.
  struct Read {
    bool skipped = false;
    float x[kMostGates] = {};
    float before = 0;
    float cell_before = 0;
  };
  MLRUN_KERNEL Read read(const CellUnit& at) const {
    Read r;
    r.skipped = at.is_skipped(mask);
    MLRUN_UNROLL
    for (int g = 0; g < kMostGates; ++g) {
      if (g < kind.gates) r.x[g] = at.in(x, kind.gates, g);
    }
    if (at.t == 0) return r;
    r.before = at.in(before);
    if (cell.data) r.cell_before = at.in(cell, 1, 0, -kind.samples);
    return r;
  }

  MLRUN_KERNEL void step(const CellUnit& at, const Read& r) const {
    if (kind.cell == Cell::kGruResetFirst) return gru_reset(at, r);
    if (r.skipped) return keep(at, r);
    if (kind.cell == Cell::kLstm) return lstm(at, r);
    if (kind.cell == Cell::kGru) return gru(at, r);
    const float h = activate(kind.activation, sum(at, r, 0));
    at.in(saved) = h;
    leave(at, h);
  }

  /// Of kGruResetFirst, when `inner` of the third gate is there.
  MLRUN_KERNEL void finish(const CellUnit& at, const Read& r) const {
    if (r.skipped) return keep(at, r);
    const float candidate = activate(kind.activation, sum(at, r, 2));
    at.in(saved, 4, 2) = candidate;
    leave(at, mix(r, at.in(saved, 4, 0), candidate));
  }

 private:
  MLRUN_KERNEL float sum(const CellUnit& at, const Read& r, int g) const {
    return r.x[g] + inner.of(at, g);
  }

  MLRUN_KERNEL void leave(const CellUnit& at, float h) const {
    at.in(states) = h;
    (at.t + 1 < kind.steps ? at.in(before, 1, 0, kind.samples) : at.of_sample(last)) = h;
    carried.put(at, 0, h);
  }

  // z h + (1 - z) h'
  MLRUN_KERNEL static float mix(const Read& r, float z, float candidate) {
    return z * (r.before - candidate) + candidate;
  }

  MLRUN_KERNEL void keep(const CellUnit& at, const Read& r) const {
    leave(at, r.before);
    if (cell.data) at.in(cell) = r.cell_before;
  }

  // `saved` may lie where x does.
  MLRUN_KERNEL void lstm(const CellUnit& at, const Read& r) const {
    const float i = activate(kind.gate, sum(at, r, 0));
    const float forget = activate(kind.gate, sum(at, r, 1));
    const float g = activate(kind.activation, sum(at, r, 2));
    const float o = activate(kind.gate, sum(at, r, 3));
    const float c = i * g + forget * r.cell_before;
    at.in(saved, 4, 0) = i;
    at.in(saved, 4, 1) = forget;
    at.in(saved, 4, 2) = g;
    at.in(saved, 4, 3) = o;
    at.in(cell) = c;
    leave(at, o * activate(kind.activation, c));
  }

  MLRUN_KERNEL float inside(const CellUnit& at, int64_t g) const {
    return inner.of(at, g) + bias(at.k)[g * at.units + at.u];
  }

  MLRUN_KERNEL void gru(const CellUnit& at, const Read& r) const {
    const float z = activate(kind.gate, r.x[0] + inside(at, 0));
    const float reset = activate(kind.gate, r.x[1] + inside(at, 1));
    const float third = inside(at, 2);
    const float candidate = activate(kind.activation, reset * third + r.x[2]);
    at.in(saved, 4, 0) = z;
    at.in(saved, 4, 1) = reset;
    at.in(saved, 4, 2) = candidate;
    at.in(saved, 4, 3) = third;
    leave(at, mix(r, z, candidate));
  }

  MLRUN_KERNEL void gru_reset(const CellUnit& at, const Read& r) const {
    const float reset = activate(kind.gate, sum(at, r, 1));
    at.in(saved, 4, 0) = activate(kind.gate, sum(at, r, 0));
    at.in(saved, 4, 1) = reset;
    at.in(saved, 4, 3) = reset * r.before;
  }
};

/// The same backwards.
struct CellBackward {
  CellKind kind;
  Stacked<const float> mask;
  Stacked<const float> before;
  Stacked<const float> saved;
  Stacked<const float> cell;
  Stacked<const float> dstates;  ///< from outside: (N, T, K), or null
  Stacked<const float> dlast;    ///< from outside, of the last: (N, K), or null
  CellProduct dstate;            ///< from the step after, through U: (N, K); null at the last
  Stacked<float> around;         ///< what reaches the step before not through U: (N, K)
  Stacked<float> dcell;          ///< in: of the cell here; out: of that before: (N, K)
  Stacked<float> dx;             ///< (N, T, gates K)
  Stacked<float> dinner;         ///< the same, of kGru
  CarriedRows carried;           ///< the gradient of h U once more

  /// What a unit reads, but for `dstate`.
  struct Read {
    bool skipped = false;
    float dh = 0;  ///< what does not come from `dstate`
    float saved[kMostGates] = {};
    float before = 0;  ///< of a GRU
    float cell = 0, cell_before = 0, dcell = 0;
  };
  MLRUN_KERNEL Read read(const CellUnit& at) const {
    const bool is_last = at.t + 1 == kind.steps;
    Read r;
    r.skipped = at.is_skipped(mask);
    if (dstates.data) r.dh = at.in(dstates);
    if (!is_last) r.dh += at.of_sample(around);
    if (is_last && dlast.data) r.dh += at.of_sample(dlast);
    MLRUN_UNROLL
    for (int g = 0; g < kMostGates; ++g) {
      if (g < kind.saved) r.saved[g] = at.in(saved, kind.saved, g);
    }
    if (kind.cell == Cell::kLstm) {
      r.cell = at.in(cell);
      if (at.t > 0) r.cell_before = at.in(cell, 1, 0, -kind.samples);
      if (!is_last) r.dcell = at.of_sample(dcell);
    } else if (kind.cell != Cell::kSimple) {
      r.before = at.in(before);
    }
    return r;
  }

  MLRUN_KERNEL void step(const CellUnit& at, const Read& r) const {
    const float dh = dstate.of(at) + r.dh;
    if (r.skipped) return skip(at, r, dh);
    if (kind.cell == Cell::kLstm) return lstm(at, r, dh);
    if (kind.cell != Cell::kSimple) return gru(at, r, dh);
    leave(at, 0, slope(kind.activation, r.saved[0], dh));
    at.of_sample(around) = 0;
  }

  /// Of kGruResetFirst, when dstate is the gradient of r h.
  MLRUN_KERNEL void finish(const CellUnit& at) const {
    if (at.is_skipped(mask)) return;
    const float r = at.in(saved, 4, 1);
    const float dreset = dstate.of(at);
    at.in(dx, 3, 1) = slope(kind.gate, r, dreset * at.in(before));
    at.of_sample(around) += dreset * r;
  }

 private:
  // What reaches both x and h U.
  MLRUN_KERNEL void leave(const CellUnit& at, int64_t g, float dz) const {
    at.in(dx, kind.gates, g) = dz;
    leave_inner(at, g, dz);
  }

  MLRUN_KERNEL void leave_inner(const CellUnit& at, int64_t g, float dz) const {
    if (dinner.data) at.in(dinner, kind.gates, g) = dz;
    carried.put(at, g, dz);
  }

  MLRUN_KERNEL void skip(const CellUnit& at, const Read& r, float dh) const {
    at.of_sample(around) = dh;
    if (kind.cell == Cell::kLstm) at.of_sample(dcell) = r.dcell;
    for (int64_t g = 0; g < kind.gates; ++g) leave(at, g, 0);
  }

  MLRUN_KERNEL void lstm(const CellUnit& at, const Read& r, float dh) const {
    const float i = r.saved[0];
    const float forget = r.saved[1];
    const float g = r.saved[2];
    const float o = r.saved[3];
    const float out = activate(kind.activation, r.cell);
    const float dc = r.dcell + slope(kind.activation, out, dh * o);
    leave(at, 0, slope(kind.gate, i, dc * g));
    leave(at, 1, slope(kind.gate, forget, dc * r.cell_before));
    leave(at, 2, slope(kind.activation, g, dc * i));
    leave(at, 3, slope(kind.gate, o, dh * out));
    at.of_sample(dcell) = dc * forget;
    at.of_sample(around) = 0;
  }

  MLRUN_KERNEL void gru(const CellUnit& at, const Read& r, float dh) const {
    const float z = r.saved[0];
    const float candidate = r.saved[2];
    const float passed = dh * z;
    const float dz = slope(kind.gate, z, dh * (r.before - candidate));
    const float third = slope(kind.activation, candidate, dh - passed);
    at.of_sample(around) = passed;
    leave(at, 0, dz);
    at.in(dx, 3, 2) = third;
    if (kind.cell == Cell::kGruResetFirst) return;  // the gradient of the reset comes later
    const float reset = r.saved[1];
    leave(at, 1, slope(kind.gate, reset, third * r.saved[3]));
    leave_inner(at, 2, third * reset);
  }
};

}  // namespace mlrun::ops
