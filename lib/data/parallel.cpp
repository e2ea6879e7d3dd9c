#include "data/parallel.h"

#include <fmt/format.h>

#include "data/refuse.h"
#include "data/text_error.h"
#include "data/text_file.h"
#include "data/token_rows.h"
#include "data/tokens.h"

namespace mlrun::data {
namespace {

using Texts = std::vector<std::string>;

void check_parallel(const Source& source) {
  const config::DatasetSpec& spec = source.spec;
  if (source.format != config::FileFormat::kText)
    refuse(spec, "parallel goes with the format text");
  check_token_source(source, "parallel text");
  if (spec.window || spec.pairs || spec.masked_lm) {
    refuse(spec, "window, pairs and masked_lm do not go with parallel");
  }
  if (!source.tokens->learns()) refuse(spec, "the tokens of parallel text are learned from it");
  if (!spec.length) {
    refuse(spec,
           "parallel text needs length, the number of tokens that each side is cut or padded to");
  }
  if (*spec.length < 2) refuse(spec, "length must be at least 2 in parallel text");
  if (spec.parallel->longest.value_or(1) > *spec.length) {
    refuse(spec, fmt::format("parallel.longest: {} words do not fit into a length of {} tokens",
                             *spec.parallel->longest, *spec.length));
  }
  if (!source.classify) {
    refuse(spec, "the target of parallel text is a class: use sparse_categorical_crossentropy");
  }
}

// Adds the pairs that are short enough. Returns how many.
int64_t add_pairs(const Source& source, const Texts& from, const Texts& to, Dictionary& words,
                  Dictionary& target_words, TokenRows& memory) {
  const config::DatasetSpec& spec = source.spec;
  const Tokens& tokens = *source.tokens;
  const int64_t length = *spec.length;
  const auto longest = static_cast<size_t>(spec.parallel->longest.value_or(length));
  const auto fits = [&](const Texts& side) { return !side.empty() && side.size() <= longest; };
  int64_t rows = 0;
  for (size_t i = 0; i < from.size() && rows < spec.limit.value_or(rows + 1); ++i) {
    const Texts sentence = tokens.split(from[i]);
    const Texts translation = tokens.split(to[i]);
    if (!fits(sentence) || !fits(translation)) continue;
    const std::vector<int32_t> left = numbered_row(sentence, length, words);
    const std::vector<int32_t> right = numbered_row(translation, length, target_words);
    memory.features.insert(memory.features.end(), left.begin(), left.end());
    memory.features.insert(memory.features.end(), right.begin(), right.end());
    memory.classes.insert(memory.classes.end(), right.begin(), right.end());
    ++rows;
  }
  return rows;
}

}  // namespace

Dataset open_parallel(const Source& source) {
  check_parallel(source);
  const config::DatasetSpec& spec = source.spec;
  const Tokens& tokens = *source.tokens;
  Provenance provenance;
  const SourceFile& file = source.train.front();
  const Texts from = read_lines(file, spec.encoding, provenance);
  const Texts to = read_lines(*source.translations, spec.encoding, provenance);
  if (from.size() != to.size()) {
    throw file_error(source.translations->path,
                     fmt::format("{} lines, but '{}' has {}: each is the translation of the same "
                                 "line there",
                                 to.size(), file.path.filename().string(), from.size()));
  }
  auto memory = std::make_shared<TokenRows>();
  auto words = std::make_shared<Dictionary>();
  auto target_words = std::make_shared<Dictionary>();
  Dataset dataset;
  dataset.rows = add_pairs(source, from, to, *words, *target_words, *memory);
  const int64_t length = *spec.length;
  if (dataset.rows < 2) {
    throw file_error(file.path, fmt::format("fewer than two pairs of sentences of at most {} words",
                                            spec.parallel->longest.value_or(length)));
  }
  for (const char* side : {"source", "target"}) {
    for (int64_t i = 0; i < length; ++i) {
      dataset.columns.push_back({fmt::format("{}[{}]", side, i), {}, 0});
    }
  }
  dataset.target_names = {"translation"};
  dataset.label_width = length;
  dataset.token_count = tokens.most_tokens(*words, kReservedTokens);
  dataset.class_names =
      numbered_tokens(reserved_target_tokens(), tokens.most_tokens(*target_words, kReservedTarget));
  dataset.tokens = source.tokens;
  dataset.words = std::move(words);
  dataset.target_words = std::move(target_words);
  dataset.shape = {2 * length};
  hand_over(std::move(memory), source, provenance, dataset);
  return dataset;
}

}  // namespace mlrun::data
