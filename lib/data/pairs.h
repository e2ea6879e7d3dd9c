// Words with the words around them, for embeddings. Mikolov et al. 2013.
#pragma once

#include "data/source.h"

namespace mlrun::data {

/// A text is one sequence of words, of documents each is one. Words that are not known are left
/// out first, then frequent ones thinned out; how far a word sees is drawn for each. A row is
///   skip_gram  the word, a neighbour, and `negatives` places for words that are drawn
///   cbow       2 window neighbours (0: none), the word, and the same places
/// in the order of the text. Its class is "true", the first of those to choose from; the others are
/// drawn anew for every step of the training, see NegativeTable. Draws here are functions of the
/// seed and the position.
/// Throws InputError at the position of the source, and for a text without pairs.
Dataset open_pairs(const Source& source, uint64_t seed);

}  // namespace mlrun::data
