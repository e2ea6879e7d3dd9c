// How much translations look like those of a human.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace mlrun::train {

/// Corpus BLEU with n-grams up to 4 and one reference (Papineni et al. 2002):
///   p_n   = n-grams of the translations that are in their reference, each as often as it is there,
///           over all n-grams of the translations
///   score = min(1, e^(1 - reference words / words)) (p_1 p_2 p_3 p_4)^(1/4), in [0, 1]
/// Not smoothed: 0 where no n-gram of some length fits.
struct Bleu {
  double score = 0;
  std::array<double, 4> precisions{};
  double brevity_penalty = 0;
  int64_t words = 0;
  int64_t reference_words = 0;
};

using Sentence = std::vector<std::string>;

/// Both hold as many sentences.
Bleu bleu(std::span<const Sentence> translations, std::span<const Sentence> references);

}  // namespace mlrun::train
