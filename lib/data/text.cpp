#include "data/text.h"

#include <fmt/format.h>

#include <string>

#include "data/refuse.h"
#include "data/text_file.h"
#include "data/token_rows.h"
#include "data/tokens.h"

namespace mlrun::data {
namespace {

// Learned from the whole text: what is held out of it has no tokens of its own.
std::vector<int32_t> learn_and_encode(const Tokens& tokens, std::string_view text,
                                      std::vector<std::string>& names) {
  Dictionary words;
  const std::vector<int32_t> numbers = number_words(tokens.split(text), words);
  std::vector<std::string> reserved;
  if (!tokens.knows_all()) reserved.emplace_back(kUnknown);
  const Vocabulary vocabulary =
      tokens.learn(words, count_words(words, numbers), std::move(reserved));
  std::vector<int32_t> encoded;
  for (const int32_t word : numbers) {
    const std::span<const int32_t> pieces = vocabulary.of(word);
    encoded.insert(encoded.end(), pieces.begin(), pieces.end());
  }
  names = vocabulary.names;
  return encoded;
}

std::shared_ptr<TokenRows> cut(const std::vector<int32_t>& tokens, int64_t count, int64_t seen,
                               int64_t stride) {
  auto rows = std::make_shared<TokenRows>();
  for (int64_t row = 0; row < count; ++row) {
    const auto begin = tokens.begin() + row * stride;
    rows->features.insert(rows->features.end(), begin, begin + seen);
    rows->classes.insert(rows->classes.end(), begin + 1, begin + 1 + seen);
  }
  return rows;
}

void check_text(const Source& source) {
  const config::DatasetSpec& spec = source.spec;
  check_token_source(source, "a text");
  if (spec.length)
    refuse(spec, "length is of documents; the rows of a text have the length of its window");
  if (!spec.window) refuse(spec, "a text needs window, the number of tokens in a row");
  if (spec.window->horizon != 1) {
    refuse(spec,
           "window.horizon is of tables; the target of a text is the next token at every step");
  }
  if (!source.classify) {
    refuse(spec, "the target of a text is a class: use sparse_categorical_crossentropy");
  }
}

}  // namespace

Dataset open_text(const Source& source) {
  check_text(source);
  const config::DatasetSpec& spec = source.spec;
  const SourceFile& file = source.train.front();
  Provenance provenance;
  source.tokens->add_to(provenance);
  const std::string text = read_text(file, spec.encoding, provenance);
  Dataset dataset;
  const std::vector<int32_t> tokens = learn_and_encode(*source.tokens, text, dataset.class_names);
  const int64_t seen = spec.window->look_back;
  const int64_t stride = spec.window->stride.value_or(seen);
  const auto count = static_cast<int64_t>(tokens.size());
  if (count < seen + 1) {
    refuse_setting(spec, "window",
                   fmt::format("{} tokens of '{}' are too few for windows of {} and a next token",
                               count, file.path.filename().string(), seen));
  }
  dataset.rows = (count - seen - 1) / stride + 1;
  dataset.tokens = source.tokens;
  dataset.label_width = seen;
  for (int64_t step = 0; step < seen; ++step) {
    dataset.columns.push_back({fmt::format("token[{}]", step), {}, 0});
  }
  dataset.target_names = {"next"};
  dataset.windows = {1, (seen - 1) / stride, seen / stride};
  dataset.token_count = static_cast<int64_t>(dataset.class_names.size());
  dataset.token_names = dataset.class_names;
  dataset.shape = {seen};
  hand_over(cut(tokens, dataset.rows, seen, stride), source, provenance, dataset);
  return dataset;
}

}  // namespace mlrun::data
