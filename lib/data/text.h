// Plain text as rows of tokens with the tokens that follow them.
#pragma once

#include "data/source.h"

namespace mlrun::data {

/// Row r has the tokens [r s, r s + look_back), s being the stride, and as its labels the tokens
/// one further on. The class names are the tokens, learned from the whole text. Throws InputError
/// for a file that is not UTF-8, with the line, or too short for two rows, and at the position of
/// the source where there is no window.
Dataset open_text(const Source& source);

}  // namespace mlrun::data
