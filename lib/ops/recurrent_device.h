// The arithmetic of one step of a GPU's recurrent cells, for one unit of one sample at a time. What
// is computed is that of ops/recurrent_cells.cpp.
#pragma once

#include <cmath>

#include "ops/device_code.h"
#include "ops/divider.h"
#include "ops/elementwise_codes.h"
#include "ops/recurrent.h"

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

/// A cell without what is in memory.
struct CellKind {
  Cell cell;
  CellActivation activation;
  CellActivation gate;
  Divider units;
  int64_t gates;
  int64_t saved;

  CellKind(const RecurrentSettings& settings, int64_t unit_count)
      : cell(settings.cell),
        activation(settings.activation),
        gate(settings.recurrent_activation),
        units(unit_count),
        gates(settings.gates()),
        saved(settings.saved()) {}
};

/// Unit u of sample `row` in copy k.
struct CellUnit {
  int64_t k, row, units;
  int64_t u = 0;

  MLRUN_KERNEL CellUnit(const CellKind& kind, int64_t copy, int64_t i)
      : k(copy), row(kind.units.quotient(i)), units(kind.units.divisor()) {
    u = i - row * units;
  }

  /// Gate g of rows of so many gates.
  template <class T>
  MLRUN_KERNEL T& in(const Stacked<T>& x, int64_t gates = 1, int64_t g = 0) const {
    return x(k)[(row * gates + g) * units + u];
  }
  MLRUN_KERNEL float or_zero(const Stacked<const float>& x, int64_t gates = 1,
                             int64_t g = 0) const {
    return x.data ? in(x, gates, g) : 0.0f;
  }
  MLRUN_KERNEL bool is_skipped(const Stacked<const float>& mask) const {
    return mask.data && mask(k)[row] == 0;
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

/// Rows of `width` further on, or back; what is null stays null.
template <class T>
MLRUN_KERNEL void move_rows(Stacked<T>& x, int64_t rows, int64_t width) {
  if (x.data) x.data += rows * width;
}

/// One step of all samples. What a cell or the first step does not have is null.
struct CellForward {
  CellKind kind;
  Stacked<const float> x;            ///< (N, gates K)
  CellProduct inner;                 ///< h U: (N, gates K)
  Stacked<const float> bias;         ///< (gates K), of kGru
  Stacked<const float> mask;         ///< (N)
  Stacked<const float> before;       ///< the state: (N, K)
  Stacked<const float> cell_before;  ///< (N, K)
  Stacked<float> saved;              ///< (N, saved K)
  Stacked<float> cell;               ///< (N, K)
  Stacked<float> state;              ///< (N, K)
  Stacked<float> next;               ///< the state once more, for the step after
  CarriedRows carried;               ///< and once more

  MLRUN_KERNEL void step(const CellUnit& at) const {
    if (kind.cell == Cell::kGruResetFirst) return gru_reset(at);
    if (at.is_skipped(mask)) return keep(at);
    if (kind.cell == Cell::kLstm) return lstm(at);
    if (kind.cell == Cell::kGru) return gru(at);
    const float h = activate(kind.activation, sum(at, 0));
    at.in(saved) = h;
    leave(at, h);
  }

  /// Of kGruResetFirst, when `inner` of the third gate is there.
  MLRUN_KERNEL void finish(const CellUnit& at) const {
    if (at.is_skipped(mask)) return keep(at);
    const float candidate = activate(kind.activation, sum(at, 2));
    at.in(saved, 4, 2) = candidate;
    leave(at, mix(at, at.in(saved, 4, 0), candidate));
  }

  /// To the samples from number `rows` on.
  MLRUN_KERNEL void move(int64_t rows) {
    const int64_t units = kind.units.divisor();
    move_rows(x, rows, kind.gates * units);
    move_rows(mask, rows, 1);
    move_rows(before, rows, units);
    move_rows(saved, rows, kind.saved * units);
    move_rows(cell, rows, units);
    move_rows(state, rows, units);
    move_rows(next, rows, units);
  }

  /// To the step after.
  MLRUN_KERNEL void advance(int64_t samples) {
    cell_before = {cell.data, cell.stride};
    move(samples);
  }

 private:
  MLRUN_KERNEL float sum(const CellUnit& at, int64_t g) const {
    return at.in(x, kind.gates, g) + inner.of(at, g);
  }

  MLRUN_KERNEL void leave(const CellUnit& at, float h) const {
    at.in(state) = h;
    at.in(next) = h;
    carried.put(at, 0, h);
  }

  // z h + (1 - z) h'
  MLRUN_KERNEL float mix(const CellUnit& at, float z, float candidate) const {
    return z * (at.or_zero(before) - candidate) + candidate;
  }

  MLRUN_KERNEL void keep(const CellUnit& at) const {
    leave(at, at.or_zero(before));
    if (cell.data) at.in(cell) = at.or_zero(cell_before);
  }

  // `saved` may lie where x does.
  MLRUN_KERNEL void lstm(const CellUnit& at) const {
    const float i = activate(kind.gate, sum(at, 0));
    const float forget = activate(kind.gate, sum(at, 1));
    const float g = activate(kind.activation, sum(at, 2));
    const float o = activate(kind.gate, sum(at, 3));
    const float c = i * g + forget * at.or_zero(cell_before);
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

  MLRUN_KERNEL void gru(const CellUnit& at) const {
    const float z = activate(kind.gate, at.in(x, 3, 0) + inside(at, 0));
    const float r = activate(kind.gate, at.in(x, 3, 1) + inside(at, 1));
    const float third = inside(at, 2);
    const float candidate = activate(kind.activation, r * third + at.in(x, 3, 2));
    at.in(saved, 4, 0) = z;
    at.in(saved, 4, 1) = r;
    at.in(saved, 4, 2) = candidate;
    at.in(saved, 4, 3) = third;
    leave(at, mix(at, z, candidate));
  }

  MLRUN_KERNEL void gru_reset(const CellUnit& at) const {
    const float r = activate(kind.gate, sum(at, 1));
    at.in(saved, 4, 0) = activate(kind.gate, sum(at, 0));
    at.in(saved, 4, 1) = r;
    at.in(saved, 4, 3) = r * at.or_zero(before);
  }
};

/// The same backwards.
struct CellBackward {
  CellKind kind;
  Stacked<const float> mask;
  Stacked<const float> before;
  Stacked<const float> cell_before;
  Stacked<const float> saved;
  Stacked<const float> cell;
  Stacked<const float> dstate_out;  ///< from outside, or null
  CellProduct dstate;               ///< from the step after, through U: (N, K)
  Stacked<float> around;            ///< what reaches the step before not through U; in and out
  Stacked<float> dcell;             ///< in: of the cell here; out: of that before
  Stacked<float> dx;                ///< (N, gates K)
  Stacked<float> dinner;            ///< of kGru
  CarriedRows carried;              ///< the gradient of h U once more

  MLRUN_KERNEL void step(const CellUnit& at) const {
    const float dh = dstate.of(at) + at.in(around) + at.or_zero(dstate_out);
    if (at.is_skipped(mask)) return skip(at, dh);
    if (kind.cell == Cell::kLstm) return lstm(at, dh);
    if (kind.cell != Cell::kSimple) return gru(at, dh);
    leave(at, 0, slope(kind.activation, at.in(saved), dh));
    at.in(around) = 0;
  }

  /// Of kGruResetFirst, when dstate is the gradient of r h.
  MLRUN_KERNEL void finish(const CellUnit& at) const {
    if (at.is_skipped(mask)) return;
    const float r = at.in(saved, 4, 1);
    const float dreset = dstate.of(at);
    at.in(dx, 3, 1) = slope(kind.gate, r, dreset * at.in(before));
    at.in(around) += dreset * r;
  }

  /// Before the last step, which is the first to be taken.
  MLRUN_KERNEL void start(const CellUnit& at) const {
    at.in(around) = 0;
    at.in(dcell) = 0;
  }

  /// To the samples from number `rows` on.
  MLRUN_KERNEL void move(int64_t rows) {
    const int64_t units = kind.units.divisor();
    move_steps(rows);
    move_rows(dstate.data, rows, dstate.width);
    move_rows(around, rows, units);
    move_rows(dcell, rows, units);
  }

  /// To the step before, which may be the first of all.
  MLRUN_KERNEL void go_back(int64_t samples, bool to_first) {
    move_steps(-samples);
    if (to_first) cell_before = {};
  }

 private:
  MLRUN_KERNEL void move_steps(int64_t rows) {
    const int64_t units = kind.units.divisor();
    move_rows(mask, rows, 1);
    move_rows(before, rows, units);
    move_rows(cell_before, rows, units);
    move_rows(saved, rows, kind.saved * units);
    move_rows(cell, rows, units);
    move_rows(dstate_out, rows, units);
    move_rows(dx, rows, kind.gates * units);
    move_rows(dinner, rows, kind.gates * units);
  }

  // What reaches both x and h U.
  MLRUN_KERNEL void leave(const CellUnit& at, int64_t g, float dz) const {
    at.in(dx, kind.gates, g) = dz;
    leave_inner(at, g, dz);
  }

  MLRUN_KERNEL void leave_inner(const CellUnit& at, int64_t g, float dz) const {
    if (dinner.data) at.in(dinner, kind.gates, g) = dz;
    carried.put(at, g, dz);
  }

  MLRUN_KERNEL void skip(const CellUnit& at, float dh) const {
    at.in(around) = dh;
    for (int64_t g = 0; g < kind.gates; ++g) leave(at, g, 0);
  }

  MLRUN_KERNEL void lstm(const CellUnit& at, float dh) const {
    const float i = at.in(saved, 4, 0);
    const float forget = at.in(saved, 4, 1);
    const float g = at.in(saved, 4, 2);
    const float o = at.in(saved, 4, 3);
    const float out = activate(kind.activation, at.in(cell));
    const float dc = at.in(dcell) + slope(kind.activation, out, dh * o);
    leave(at, 0, slope(kind.gate, i, dc * g));
    leave(at, 1, slope(kind.gate, forget, dc * at.or_zero(cell_before)));
    leave(at, 2, slope(kind.activation, g, dc * i));
    leave(at, 3, slope(kind.gate, o, dh * out));
    at.in(dcell) = dc * forget;
    at.in(around) = 0;
  }

  MLRUN_KERNEL void gru(const CellUnit& at, float dh) const {
    const float z = at.in(saved, 4, 0);
    const float candidate = at.in(saved, 4, 2);
    const float passed = dh * z;
    const float dz = slope(kind.gate, z, dh * (at.in(before)-candidate));
    const float third = slope(kind.activation, candidate, dh - passed);
    at.in(around) = passed;
    leave(at, 0, dz);
    at.in(dx, 3, 2) = third;
    if (kind.cell == Cell::kGruResetFirst) return;  // the gradient of r comes later
    const float r = at.in(saved, 4, 1);
    leave(at, 1, slope(kind.gate, r, third * at.in(saved, 4, 3)));
    leave_inner(at, 2, third * r);
  }
};

}  // namespace mlrun::ops
