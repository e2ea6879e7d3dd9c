// What comes next, by a trained model: text or series, step by step from its own output.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "train/fit.h"

namespace mlrun::train {

/// A token drawn from p to the power 1 / temperature; 0, or almost: the likeliest. `uniform` is in
/// [0, 1).
int32_t draw(std::span<const float> p, double temperature, double uniform);

/// A model of windows of a sequence, with the scaling of its training rows. A model that looks
/// ahead in its window (one with a Bidirectional layer) makes no sense here.
class Continuation {
 public:
  /// `input` is what the model was trained on. Throws InputError where its data are no windows, or
  /// a series needs features of steps to come.
  Continuation(const FitInput& input, const store::ModelFile& model);
  ~Continuation();

  /// `count` tokens after `start` (at least one), each drawn from the model's probabilities as by
  /// draw(). Draws are a function of (seed, position).
  std::vector<int32_t> text(std::vector<int32_t> start, int64_t count, double temperature,
                            uint64_t seed);

  /// `count` steps after the last one of the data set, each of as many values as there are targets.
  std::vector<float> series(int64_t count);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlrun::train
