// Translations by a trained model of parallel text.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "train/beam_search.h"
#include "train/bleu.h"
#include "train/fit.h"

namespace mlrun::train {

class Translator {
 public:
  /// `input` is what the model was trained on. Throws InputError where its data are no parallel
  /// text.
  Translator(const FitInput& input, const store::ModelFile& model);
  ~Translator();

  /// A row of the data as text.
  std::string sentence(int64_t row) const;
  std::string reference(int64_t row) const;

  /// Of each sentence the best that a search of this width (up to kWidestBeam) and length penalty
  /// finds. Words beyond the length of the data are not read.
  std::vector<std::string> translate(std::span<const std::string> sentences, int64_t beam,
                                     double length_penalty);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Of words and punctuation marks without regard to case, whatever the tokens of the model are;
/// what it does not know is one word.
Bleu bleu_of_texts(std::span<const std::string> translations,
                   std::span<const std::string> references);

}  // namespace mlrun::train
