// Files that are plain text.
#pragma once

#include <string>
#include <vector>

#include "data/provenance.h"
#include "data/source.h"

namespace mlrun::data {

/// The whole file, unpacked, in UTF-8. Throws InputError at the first byte that is none, with its
/// line, unless the encoding is another, from which it is then converted.
std::string read_text(const SourceFile& file, config::Encoding encoding, Provenance& provenance);

/// Its lines, without their ends.
std::vector<std::string> read_lines(const SourceFile& file, config::Encoding encoding,
                                    Provenance& provenance);

}  // namespace mlrun::data
