#include "data/documents.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "data/text_error.h"
#include "data/text_file.h"
#include "data/tokens.h"

namespace mlrun::data {
namespace {

constexpr size_t kMostClasses = 1000;

struct Memory {
  std::vector<float> features;
  std::vector<int32_t> classes;
};

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

void check(const Source& source) {
  const config::DatasetSpec& spec = source.spec;
  const auto fail = [&](const std::string& message) {
    throw InputError(render_error(spec.source_mark, message));
  };
  if (!spec.target.empty() || !spec.features.empty() || !spec.ignore.empty() || spec.group ||
      spec.limit) {
    fail("target, features, ignore, group and limit are of tables, not of documents");
  }
  if (spec.window) fail("window is of texts and tables; documents have a length");
  if (!spec.length)
    fail("documents need length, the number of tokens that each is cut or padded to");
  if (spec.rescale != 1 || spec.standardize.any() || spec.min_max.any() ||
      spec.normalize != config::Normalize::kNone || !spec.shape.empty()) {
    fail("the features of documents are tokens, which are not scaled or reshaped");
  }
  if (!source.classify) fail("the target of documents is a class, but the loss is for values");
}

void set_classes(const std::vector<Document>& documents, const Source& source, Dataset& dataset,
                 std::vector<int32_t>& classes) {
  Dictionary labels;
  for (const Document& document : documents) classes.push_back(labels.add(document.label, {}));
  const auto fail = [&](const std::string& message) {
    throw file_error(source.train.front().path, message);
  };
  const SortedClasses sorted = sort_classes(labels);
  if (sorted.names.size() < 2) {
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
  check(source);
  const config::DatasetSpec& spec = source.spec;
  const Tokens& tokens = tokens_of(spec);
  Provenance provenance;
  std::vector<Document> documents = read_documents(source.train, spec.encoding, provenance);
  Dataset dataset;
  const auto train = static_cast<int64_t>(documents.size());
  if (!source.test.empty()) dataset.test_begin = train;
  if (source.test_rows > 0) dataset.test_begin = std::max<int64_t>(train - source.test_rows, 0);
  for (Document& document : read_documents(source.test, spec.encoding, provenance)) {
    documents.push_back(std::move(document));
  }
  const auto length = static_cast<size_t>(*spec.length);
  auto memory = std::make_shared<Memory>();
  auto words = std::make_shared<Dictionary>();
  set_classes(documents, source, dataset, memory->classes);
  for (const Document& document : documents) {
    std::vector<std::string> text = tokens.split(document.text);
    text.resize(std::min(text.size(), length));
    std::vector<int32_t> row = number_words(text, *words);
    for (int32_t& word : row) ++word;
    row.resize(length);
    memory->features.insert(memory->features.end(), row.begin(), row.end());
  }
  dataset.rows = static_cast<int64_t>(documents.size());
  for (size_t i = 0; i < length; ++i) {
    dataset.columns.push_back({fmt::format("token[{}]", i), {}, 0});
  }
  dataset.target_names = {"class"};
  dataset.token_count = tokens.most_tokens(*words, kReservedTokens);
  dataset.words = std::move(words);
  dataset.shape = {*spec.length};
  dataset.name = source.name;
  dataset.sha256 = provenance.sha256();
  dataset.features = memory->features.data();
  dataset.classes = memory->classes.data();
  dataset.owner = std::move(memory);
  return dataset;
}

}  // namespace mlrun::data
