// Labelled texts, one a line.
#pragma once

#include "data/provenance.h"
#include "data/source.h"

namespace mlrun::data {

/// A line "class text". Blank lines are none.
struct Document {
  std::string label;  ///< up to the first blank or tab
  std::string text;
};

/// Those of some files, in UTF-8.
std::vector<Document> read_documents(const std::vector<SourceFile>& files,
                                     config::Encoding encoding, Provenance& provenance);

/// A row is a document: the numbers of its first spec.length words plus 1, then zeros. Which token
/// a word becomes is learned from the training rows (Transform), so that none knows of what is
/// held out. With masked_lm the labels are the words themselves, of which MaskedTokens hides some,
/// and classes are not asked for. Rows to be predicted may be without classes: no line of
/// theirs begins with one that the model knows. Throws InputError at the position of the source for
/// settings that documents do not have, and for a file with one class only, or with so many that
/// the lines have none in front.
Dataset open_documents(const Source& source);

}  // namespace mlrun::data
