#include "data/documents.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "data/masked_tokens.h"
#include "data/refuse.h"
#include "data/text_error.h"
#include "data/text_file.h"
#include "data/token_rows.h"
#include "data/tokens.h"

namespace mlrun::data {
namespace {

constexpr size_t kMostClasses = 1000;

constexpr std::string_view kBlanks = " \t\r";

void read_lines(std::string_view text, std::vector<Document>& documents) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t begin = line.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) continue;
    const size_t label_end = std::min(line.find_first_of(kBlanks, begin), line.size());
    documents.push_back(
        {std::string(line.substr(begin, label_end - begin)), std::string(line.substr(label_end))});
  }
}

void check_documents(const Source& source) {
  const config::DatasetSpec& spec = source.spec;
  check_token_source(source, "documents");
  if (spec.window) refuse(spec, "window is of texts and tables; documents have a length");
  if (!spec.length)
    refuse(spec, "documents need length, the number of tokens that each is cut or padded to");
  if (!source.classify)
    refuse(spec, "the target of documents is a class, but the loss is for values");
  if (spec.masked_lm && spec.masked_lm->mask_token_rate + spec.masked_lm->random_token_rate > 1) {
    refuse(spec, "masked_lm: mask_token_rate and random_token_rate are more than 1 together");
  }
}

// Of rows to be predicted: whether their lines are text from the first word on. The classes that
// the model knows tell.
bool lack_classes(const std::vector<Document>& documents, const Source& source) {
  if (!source.may_lack_target || source.trained_classes.empty() || documents.empty()) return false;
  const auto lacks = [&](const Document& document) {
    const auto& known = source.trained_classes;
    return std::find(known.begin(), known.end(), document.label) == known.end();
  };
  const bool first_lacks = lacks(documents.front());
  for (const Document& document : documents) {
    if (lacks(document) == first_lacks) continue;
    const Document& odd = first_lacks ? documents.front() : document;
    throw file_error(
        source.train.front().path,
        fmt::format("some lines begin with a class of the model ({}), and one with '{}'; put a "
                    "class in front of all documents, or of none",
                    fmt::join(source.trained_classes, ", "), odd.label));
  }
  return first_lacks;
}

void set_classes(const std::vector<Document>& documents, const Source& source, Dataset& dataset,
                 std::vector<int32_t>& classes) {
  Dictionary labels;
  for (const Document& document : documents) classes.push_back(labels.add(document.label, {}));
  const auto fail = [&](const std::string& message) {
    throw file_error(source.train.front().path, message);
  };
  const SortedClasses sorted = sort_classes(labels);
  const bool may_be_one = source.may_lack_target && !sorted.names.empty();
  if (sorted.names.size() < 2 && !may_be_one) {
    fail(sorted.names.empty() ? "there are no documents"
                              : fmt::format("all documents are of the class '{}', which is what "
                                            "their lines start with",
                                            sorted.names.front()));
  }
  if (sorted.names.size() > kMostClasses) {
    fail(fmt::format("more than {} classes: a line is the class, a blank and the document",
                     kMostClasses));
  }
  for (int32_t& code : classes) code = sorted.code[static_cast<size_t>(code)];
  dataset.class_names = sorted.names;
}

// The labels are the words of the document itself.
void set_hidden_tokens(const config::DatasetSpec& spec, Dataset& dataset, TokenRows& memory) {
  if (dataset.rows < 2) refuse(spec, "there are no documents");
  memory.classes.assign(memory.features.begin(), memory.features.end());
  dataset.label_width = *spec.length;
  dataset.class_names = numbered_tokens(reserved_tokens(true), dataset.token_count);
  dataset.target_names = {"hidden"};
  dataset.masked = std::make_shared<MaskedTokens>(*spec.masked_lm, *spec.length);
}

}  // namespace

std::vector<Document> read_documents(const std::vector<SourceFile>& files,
                                     config::Encoding encoding, Provenance& provenance) {
  std::vector<Document> documents;
  for (const SourceFile& file : files) {
    read_lines(read_text(file, encoding, provenance), documents);
  }
  return documents;
}

Dataset open_documents(const Source& source) {
  check_documents(source);
  const config::DatasetSpec& spec = source.spec;
  const Tokens& tokens = *source.tokens;
  Provenance provenance;
  source.tokens->add_to(provenance);
  std::vector<Document> documents = read_documents(source.train, spec.encoding, provenance);
  Dataset dataset;
  const auto train = static_cast<int64_t>(documents.size());
  if (!source.test.empty()) dataset.test_begin = train;
  if (source.test_rows > 0) dataset.test_begin = std::max<int64_t>(train - source.test_rows, 0);
  for (Document& document : read_documents(source.test, spec.encoding, provenance)) {
    documents.push_back(std::move(document));
  }
  const int64_t length = *spec.length;
  auto memory = std::make_shared<TokenRows>();
  auto words = std::make_shared<Dictionary>();
  if (lack_classes(documents, source)) {
    for (Document& document : documents) document.text.insert(0, document.label);
  } else if (!spec.masked_lm) {
    set_classes(documents, source, dataset, memory->classes);
    dataset.target_names = {"class"};
  }
  for (const Document& document : documents) {
    const std::vector<int32_t> row = numbered_row(tokens.split(document.text), length, *words);
    memory->features.insert(memory->features.end(), row.begin(), row.end());
  }
  dataset.rows = static_cast<int64_t>(documents.size());
  for (int64_t i = 0; i < length; ++i) {
    dataset.columns.push_back({fmt::format("token[{}]", i), {}, 0});
  }
  dataset.token_count = tokens.most_tokens(*words, kReservedTokens);
  if (spec.masked_lm) {
    dataset.token_count = tokens.most_tokens(*words, kReservedMasked);
    set_hidden_tokens(spec, dataset, *memory);
  }
  dataset.tokens = source.tokens;
  dataset.words = std::move(words);
  dataset.shape = {*spec.length};
  hand_over(std::move(memory), source, provenance, dataset);
  return dataset;
}

}  // namespace mlrun::data
