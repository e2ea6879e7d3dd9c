// The arithmetic of one step of the CPU's recurrent cells, over the rows of a block.
#pragma once

#include "ops/recurrent/recurrent.h"

namespace mlrun::ops {

/// One step of `rows` samples; all blocks are dense. What a cell does not have is null.
struct CellStep {
  RecurrentSettings settings;
  int64_t rows = 0;
  int64_t units = 0;
  const float* x = nullptr;            ///< rows x gates K
  const float* inner = nullptr;        ///< h U: rows x gates K
  const float* bias = nullptr;         ///< gates K, of kGru
  const float* mask = nullptr;         ///< rows
  const float* before = nullptr;       ///< state: rows x K
  const float* cell_before = nullptr;  ///< rows x K; null at the first step: zeros
  float* saved = nullptr;              ///< rows x saved K
  float* cell = nullptr;               ///< rows x K
  float* state = nullptr;              ///< rows x K
};

/// From x and inner to the state. kGruResetFirst: from x, inner of its first two gates, to saved
/// z, r, and r h; cell_finish does the rest when inner of the third is there.
void cell_step(const CellStep& step);
void cell_finish(const CellStep& step);

/// The same backwards.
struct CellGrad {
  RecurrentSettings settings;
  int64_t rows = 0;
  int64_t units = 0;
  const float* mask = nullptr;
  const float* before = nullptr;
  const float* cell_before = nullptr;
  const float* saved = nullptr;
  const float* cell = nullptr;
  const float* dstate_out = nullptr;  ///< from outside: rows x K, or null
  const float* dstate = nullptr;      ///< from the step after, through U
  float* around = nullptr;            ///< what reaches the step before not through U; in and out
  float* dcell = nullptr;             ///< in: of the cell here; out: of that before
  float* dx = nullptr;                ///< rows x gates K
  float* dinner = nullptr;            ///< of kGru
};

/// From the gradient of the state to dx and dinner. kGruResetFirst: dx of its first and third gate;
/// cell_grad_finish makes that of the second of the gradient of r h, which is in dstate.
void cell_grad(const CellGrad& step);
void cell_grad_finish(const CellGrad& step);

}  // namespace mlrun::ops
