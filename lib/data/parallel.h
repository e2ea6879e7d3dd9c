// Sentences with their translations, in two files line by line.
#pragma once

#include "data/source.h"

namespace mlrun::data {

/// A row is a pair of sentences: the numbers of the words of the source plus 1 (`length` of them,
/// then zeros), then those of the translation, which are also the labels. Transform makes tokens of
/// both, with vocabularies of their own that are learned from the training rows: what the encoder
/// reads, what the decoder reads (<start>, then the translation) and what it is to write (the
/// translation, then <end>). Pairs with an empty side are left out, and those with more words than
/// parallel.longest (default: length) on a side.
/// Throws InputError at the position of the source, and for files of different lengths.
Dataset open_parallel(const Source& source);

}  // namespace mlrun::data
