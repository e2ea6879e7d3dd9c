#include "ops/recurrent/recurrent_cells.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/recurrent/recurrent_cells.cpp"
// clang-format off
#include <hwy/foreach_target.h>
#include "ops/kernel/simd-inl.h"
// clang-format on

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace mlrun::ops::HWY_NAMESPACE {

HWY_INLINE Vec activate(CellActivation f, Vec x) {
  const Vec zero = hn::Zero(Float());
  switch (f) {
    case CellActivation::kTanh:
      return tanh(x);
    case CellActivation::kSigmoid:
      return sigmoid(x);
    case CellActivation::kHardSigmoid: {
      const Vec y = hn::MulAdd(x, constant(1.0f / 6), constant(0.5f));
      return keep_nan(x, hn::Min(hn::Max(y, zero), constant(1.0f)));
    }
    case CellActivation::kRelu:
      return keep_nan(x, hn::Max(x, zero));
    case CellActivation::kLinear:
      break;
  }
  return x;
}

// dy f'(x), from y = f(x).
HWY_INLINE Vec slope(CellActivation f, Vec y, Vec dy) {
  const Vec zero = hn::Zero(Float());
  const Vec one = constant(1.0f);
  switch (f) {
    case CellActivation::kTanh:
      return hn::Mul(dy, hn::NegMulAdd(y, y, one));
    case CellActivation::kSigmoid:
      return hn::Mul(dy, hn::NegMulAdd(y, y, y));
    case CellActivation::kHardSigmoid:
      return hn::IfThenElseZero(hn::And(hn::Gt(y, zero), hn::Lt(y, one)),
                                hn::Mul(dy, constant(1.0f / 6)));
    case CellActivation::kRelu:
      return hn::IfThenElseZero(hn::Gt(y, zero), dy);
    case CellActivation::kLinear:
      break;
  }
  return dy;
}

// Element k of a row and those behind it, as far as the row goes. Null reads as zeros.
struct Piece {
  size_t k;
  size_t n;

  HWY_INLINE Vec of(const float* p) const {
    if (!p) return hn::Zero(Float());
    return n == hn::Lanes(Float()) ? hn::LoadU(Float(), p + k) : load_part(p + k, n);
  }
  HWY_INLINE void to(float* p, Vec v) const {
    if (n == hn::Lanes(Float())) {
      hn::StoreU(v, Float(), p + k);
    } else {
      store_part(v, p + k, n);
    }
  }
};

template <class F>
HWY_INLINE void for_pieces(int64_t units, F f) {
  const size_t lanes = hn::Lanes(Float());
  const auto count = static_cast<size_t>(units);
  for (size_t k = 0; k < count; k += lanes) f(Piece{k, std::min(lanes, count - k)});
}

HWY_INLINE const float* row_of(const float* p, int64_t row, int64_t width) {
  return p ? p + row * width : nullptr;
}

HWY_INLINE bool skips(const float* mask, int64_t row) { return mask && mask[row] == 0; }

// The state stays; what is saved is never read.
void keep_row(const CellStep& s, int64_t row) {
  const int64_t units = s.units;
  std::copy_n(s.before + row * units, units, s.state + row * units);
  if (!s.cell) return;
  if (s.cell_before) {
    std::copy_n(s.cell_before + row * units, units, s.cell + row * units);
  } else {
    std::fill_n(s.cell + row * units, units, 0.0f);
  }
}

void simple_row(const CellStep& s, int64_t row) {
  const float* x = s.x + row * s.units;
  const float* inner = s.inner + row * s.units;
  for_pieces(s.units, [&](Piece at) {
    const Vec h = activate(s.settings.activation, hn::Add(at.of(x), at.of(inner)));
    at.to(s.saved + row * s.units, h);
    at.to(s.state + row * s.units, h);
  });
}

void lstm_row(const CellStep& s, int64_t row) {
  const int64_t units = s.units;
  const CellActivation f = s.settings.activation;
  const CellActivation gate = s.settings.recurrent_activation;
  const float* x = s.x + row * 4 * units;
  const float* inner = s.inner + row * 4 * units;
  float* saved = s.saved + row * 4 * units;
  const float* cell_before = row_of(s.cell_before, row, units);
  const auto sum = [&](Piece at, int64_t g) {
    return hn::Add(at.of(x + g * units), at.of(inner + g * units));
  };
  for_pieces(units, [&](Piece at) {
    const Vec i = activate(gate, sum(at, 0));
    const Vec forget = activate(gate, sum(at, 1));
    const Vec g = activate(f, sum(at, 2));
    const Vec o = activate(gate, sum(at, 3));
    const Vec c = hn::MulAdd(i, g, hn::Mul(forget, at.of(cell_before)));
    at.to(saved, i);
    at.to(saved + units, forget);
    at.to(saved + 2 * units, g);
    at.to(saved + 3 * units, o);
    at.to(s.cell + row * units, c);
    at.to(s.state + row * units, hn::Mul(o, activate(f, c)));
  });
}

// z h + (1 - z) h'
HWY_INLINE Vec mix(Vec z, Vec before, Vec candidate) {
  return hn::MulAdd(z, hn::Sub(before, candidate), candidate);
}

void gru_row(const CellStep& s, int64_t row) {
  const int64_t units = s.units;
  const CellActivation gate = s.settings.recurrent_activation;
  const float* x = s.x + row * 3 * units;
  const float* inner = s.inner + row * 3 * units;
  float* saved = s.saved + row * 4 * units;
  const auto inside = [&](Piece at, int64_t g) {
    return hn::Add(at.of(inner + g * units), at.of(s.bias + g * units));
  };
  for_pieces(units, [&](Piece at) {
    const Vec z = activate(gate, hn::Add(at.of(x), inside(at, 0)));
    const Vec r = activate(gate, hn::Add(at.of(x + units), inside(at, 1)));
    const Vec third = inside(at, 2);
    const Vec candidate =
        activate(s.settings.activation, hn::MulAdd(r, third, at.of(x + 2 * units)));
    at.to(saved, z);
    at.to(saved + units, r);
    at.to(saved + 2 * units, candidate);
    at.to(saved + 3 * units, third);
    at.to(s.state + row * units, mix(z, at.of(s.before + row * units), candidate));
  });
}

void gru_reset_row(const CellStep& s, int64_t row) {
  const int64_t units = s.units;
  const CellActivation gate = s.settings.recurrent_activation;
  const float* x = s.x + row * 3 * units;
  const float* inner = s.inner + row * 3 * units;
  float* saved = s.saved + row * 4 * units;
  for_pieces(units, [&](Piece at) {
    const Vec r = activate(gate, hn::Add(at.of(x + units), at.of(inner + units)));
    at.to(saved, activate(gate, hn::Add(at.of(x), at.of(inner))));
    at.to(saved + units, r);
    at.to(saved + 3 * units, hn::Mul(r, at.of(s.before + row * units)));
  });
}

void gru_finish_row(const CellStep& s, int64_t row) {
  const int64_t units = s.units;
  const float* x = s.x + row * 3 * units + 2 * units;
  const float* inner = s.inner + row * 3 * units + 2 * units;
  float* saved = s.saved + row * 4 * units;
  for_pieces(units, [&](Piece at) {
    const Vec candidate = activate(s.settings.activation, hn::Add(at.of(x), at.of(inner)));
    at.to(saved + 2 * units, candidate);
    at.to(s.state + row * units, mix(at.of(saved), at.of(s.before + row * units), candidate));
  });
}

void step_rows(const CellStep& s) {
  for (int64_t row = 0; row < s.rows; ++row) {
    if (s.settings.cell == Cell::kGruResetFirst) {
      gru_reset_row(s, row);
    } else if (skips(s.mask, row)) {
      keep_row(s, row);
    } else if (s.settings.cell == Cell::kLstm) {
      lstm_row(s, row);
    } else if (s.settings.cell == Cell::kGru) {
      gru_row(s, row);
    } else {
      simple_row(s, row);
    }
  }
}

void finish_rows(const CellStep& s) {
  for (int64_t row = 0; row < s.rows; ++row) {
    if (skips(s.mask, row)) {
      keep_row(s, row);
    } else {
      gru_finish_row(s, row);
    }
  }
}

HWY_INLINE Vec state_gradient(const CellGrad& s, int64_t row, Piece at) {
  const int64_t first = row * s.units;
  const Vec inside = hn::Add(at.of(s.dstate + first), at.of(s.around + first));
  return s.dstate_out ? hn::Add(inside, at.of(s.dstate_out + first)) : inside;
}

void skip_grad_row(const CellGrad& s, int64_t row) {
  for_pieces(s.units,
             [&](Piece at) { at.to(s.around + row * s.units, state_gradient(s, row, at)); });
  const int64_t width = s.settings.gates() * s.units;
  std::fill_n(s.dx + row * width, width, 0.0f);
  if (s.dinner) std::fill_n(s.dinner + row * width, width, 0.0f);
}

void simple_grad_row(const CellGrad& s, int64_t row) {
  for_pieces(s.units, [&](Piece at) {
    const Vec dh = state_gradient(s, row, at);
    at.to(s.dx + row * s.units, slope(s.settings.activation, at.of(s.saved + row * s.units), dh));
    at.to(s.around + row * s.units, hn::Zero(Float()));
  });
}

void lstm_grad_row(const CellGrad& s, int64_t row) {
  const int64_t units = s.units;
  const CellActivation f = s.settings.activation;
  const CellActivation gate = s.settings.recurrent_activation;
  const float* saved = s.saved + row * 4 * units;
  const float* cell_before = row_of(s.cell_before, row, units);
  float* dx = s.dx + row * 4 * units;
  float* dcell = s.dcell + row * units;
  for_pieces(units, [&](Piece at) {
    const Vec i = at.of(saved);
    const Vec forget = at.of(saved + units);
    const Vec g = at.of(saved + 2 * units);
    const Vec o = at.of(saved + 3 * units);
    const Vec out = activate(f, at.of(s.cell + row * units));
    const Vec dh = state_gradient(s, row, at);
    const Vec dc = hn::Add(at.of(dcell), slope(f, out, hn::Mul(dh, o)));
    at.to(dx, slope(gate, i, hn::Mul(dc, g)));
    at.to(dx + units, slope(gate, forget, hn::Mul(dc, at.of(cell_before))));
    at.to(dx + 2 * units, slope(f, g, hn::Mul(dc, i)));
    at.to(dx + 3 * units, slope(gate, o, hn::Mul(dh, out)));
    at.to(dcell, hn::Mul(dc, forget));
    at.to(s.around + row * units, hn::Zero(Float()));
  });
}

void gru_grad_row(const CellGrad& s, int64_t row) {
  const int64_t units = s.units;
  const CellActivation gate = s.settings.recurrent_activation;
  const float* saved = s.saved + row * 4 * units;
  float* dx = s.dx + row * 3 * units;
  for_pieces(units, [&](Piece at) {
    const Vec z = at.of(saved);
    const Vec candidate = at.of(saved + 2 * units);
    const Vec dh = state_gradient(s, row, at);
    const Vec passed = hn::Mul(dh, z);
    const Vec change = hn::Sub(at.of(s.before + row * units), candidate);
    const Vec dz = slope(gate, z, hn::Mul(dh, change));
    const Vec third = slope(s.settings.activation, candidate, hn::Sub(dh, passed));
    at.to(s.around + row * units, passed);
    at.to(dx, dz);
    at.to(dx + 2 * units, third);
    if (!s.dinner) return;  // kGruResetFirst: the gradient of r comes later
    const Vec r = at.of(saved + units);
    const Vec dr = slope(gate, r, hn::Mul(third, at.of(saved + 3 * units)));
    float* dinner = s.dinner + row * 3 * units;
    at.to(dx + units, dr);
    at.to(dinner, dz);
    at.to(dinner + units, dr);
    at.to(dinner + 2 * units, hn::Mul(third, r));
  });
}

void gru_finish_grad_row(const CellGrad& s, int64_t row) {
  const int64_t units = s.units;
  for_pieces(units, [&](Piece at) {
    const Vec r = at.of(s.saved + row * 4 * units + units);
    const Vec dreset = at.of(s.dstate + row * units);  // of r h
    const Vec around = at.of(s.around + row * units);
    at.to(s.dx + row * 3 * units + units, slope(s.settings.recurrent_activation, r,
                                                hn::Mul(dreset, at.of(s.before + row * units))));
    at.to(s.around + row * units, hn::MulAdd(dreset, r, around));
  });
}

void grad_rows(const CellGrad& s) {
  for (int64_t row = 0; row < s.rows; ++row) {
    if (skips(s.mask, row)) {
      skip_grad_row(s, row);
    } else if (s.settings.cell == Cell::kLstm) {
      lstm_grad_row(s, row);
    } else if (s.settings.cell == Cell::kSimple) {
      simple_grad_row(s, row);
    } else {
      gru_grad_row(s, row);
    }
  }
}

void finish_grad_rows(const CellGrad& s) {
  for (int64_t row = 0; row < s.rows; ++row) {
    if (!skips(s.mask, row)) gru_finish_grad_row(s, row);
  }
}

}  // namespace mlrun::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mlrun::ops {

HWY_EXPORT(step_rows);
HWY_EXPORT(finish_rows);
HWY_EXPORT(grad_rows);
HWY_EXPORT(finish_grad_rows);

void cell_step(const CellStep& step) { HWY_DYNAMIC_DISPATCH(step_rows)(step); }
void cell_finish(const CellStep& step) { HWY_DYNAMIC_DISPATCH(finish_rows)(step); }
void cell_grad(const CellGrad& step) { HWY_DYNAMIC_DISPATCH(grad_rows)(step); }
void cell_grad_finish(const CellGrad& step) { HWY_DYNAMIC_DISPATCH(finish_grad_rows)(step); }

}  // namespace mlrun::ops
#endif
