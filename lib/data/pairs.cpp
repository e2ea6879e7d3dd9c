#include "data/pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/philox.h"
#include "data/documents.h"
#include "data/negative_table.h"
#include "data/refuse.h"
#include "data/text_error.h"
#include "data/text_file.h"
#include "data/token_rows.h"
#include "data/tokens.h"

namespace mlrun::data {
namespace {

using config::PairArchitecture;
using config::PairsSpec;

// Steps of the stream.
constexpr uint64_t kThinOut = 0;
constexpr uint64_t kWindow = 1;

void check_pairs(const Source& source) {
  const config::DatasetSpec& spec = source.spec;
  check_token_source(source, "pairs");
  if (spec.window || spec.length) refuse(spec, "window and length do not go with pairs");
  if (!source.classify)
    refuse(spec, "the target of pairs is a class: use the loss negative_sampling");
}

std::vector<std::string> read_sequences(const Source& source, Provenance& provenance) {
  const config::Encoding encoding = source.spec.encoding;
  std::vector<std::string> texts;
  if (source.format == config::FileFormat::kDocuments) {
    for (Document& document : read_documents(source.train, encoding, provenance)) {
      texts.push_back(std::move(document.text));
    }
    return texts;
  }
  for (const SourceFile& file : source.train) {
    texts.push_back(read_text(file, encoding, provenance));
  }
  return texts;
}

// The rows of one sequence after the other.
class PairWriter {
 public:
  PairWriter(const PairsSpec& spec, const Vocabulary& vocabulary, uint64_t seed)
      : spec_(spec), stream_(seed, Purpose::kWords) {
    int64_t known = 0;
    for (size_t i = kReservedTokens; i < vocabulary.counts.size(); ++i) {
      known += vocabulary.counts[i];
    }
    for (const int64_t count : vocabulary.counts) {
      const double share = static_cast<double>(count) / static_cast<double>(known);
      const bool thin = spec.subsample > 0 && share > spec.subsample;
      kept_.push_back(thin ? static_cast<float>(std::sqrt(spec.subsample / share)) : 1.0f);
    }
  }

  void add(std::span<const int32_t> tokens) {
    std::vector<int32_t> kept;
    for (const int32_t token : tokens) {
      const uint64_t at = seen_++;
      if (token < kReservedTokens) continue;
      if (stream_.uniform(kThinOut, at) < kept_[static_cast<size_t>(token)]) kept.push_back(token);
    }
    const auto count = static_cast<int64_t>(kept.size());
    for (int64_t i = 0; i < count; ++i) {
      const auto draw = stream_.below(kWindow, words_++, static_cast<uint64_t>(spec_.window));
      const auto reach = static_cast<int64_t>(draw) + 1;
      const int64_t begin = std::max<int64_t>(i - reach, 0);
      const int64_t end = std::min(i + reach + 1, count);
      if (end - begin > 1) add_word(kept, begin, i, end);
    }
  }

  int64_t inputs() const {
    return spec_.architecture == PairArchitecture::kSkipGram ? 1 : 2 * spec_.window;
  }
  int64_t width() const { return inputs() + 1 + spec_.negatives; }
  std::vector<float> take() { return std::move(features_); }

 private:
  void add_word(const std::vector<int32_t>& tokens, int64_t begin, int64_t at, int64_t end) {
    std::vector<float> around;
    for (int64_t i = begin; i < end; ++i) {
      if (i != at) around.push_back(static_cast<float>(tokens[static_cast<size_t>(i)]));
    }
    const auto word = static_cast<float>(tokens[static_cast<size_t>(at)]);
    if (spec_.architecture == PairArchitecture::kSkipGram) {
      for (const float neighbour : around) add_row({word}, neighbour);
    } else {
      around.resize(static_cast<size_t>(inputs()));
      add_row(around, word);
    }
  }

  void add_row(const std::vector<float>& inputs, float truth) {
    features_.insert(features_.end(), inputs.begin(), inputs.end());
    features_.push_back(truth);
    features_.insert(features_.end(), static_cast<size_t>(spec_.negatives), 0.0f);
  }

  const PairsSpec& spec_;
  PhiloxStream stream_;
  std::vector<float> kept_;  ///< probability of each token to be kept
  std::vector<float> features_;
  uint64_t seen_ = 0;
  uint64_t words_ = 0;
};

void name_columns(const PairWriter& pairs, int64_t negatives, Dataset& dataset) {
  for (int64_t i = 0; i < pairs.inputs(); ++i) {
    dataset.columns.push_back({fmt::format("word[{}]", i), {}, 0});
  }
  dataset.columns.push_back({"true", {}, 0});
  dataset.class_names = {"true"};
  for (int64_t i = 1; i <= negatives; ++i) {
    dataset.class_names.push_back(fmt::format("drawn[{}]", i));
    dataset.columns.push_back({dataset.class_names.back(), {}, 0});
  }
  dataset.target_names = {"neighbour"};
}

}  // namespace

Dataset open_pairs(const Source& source, uint64_t seed) {
  check_pairs(source);
  const Tokens& tokens = *source.tokens;
  const PairsSpec& spec = *source.spec.pairs;
  Provenance provenance;
  source.tokens->add_to(provenance);
  Dictionary words;
  std::vector<std::vector<int32_t>> sequences;
  std::vector<int64_t> counts;
  for (const std::string& text : read_sequences(source, provenance)) {
    sequences.push_back(number_words(tokens.split(text), words));
    counts.resize(words.entries().size());
    for (const int32_t word : sequences.back()) ++counts[static_cast<size_t>(word)];
  }
  const Vocabulary vocabulary = tokens.learn(words, counts, {kPadding, kUnknown});
  PairWriter pairs(spec, vocabulary, seed);
  for (const std::vector<int32_t>& sequence : sequences) {
    std::vector<int32_t> encoded;
    for (const int32_t word : sequence) {
      const std::span<const int32_t> pieces = vocabulary.of(word);
      encoded.insert(encoded.end(), pieces.begin(), pieces.end());
    }
    pairs.add(encoded);
  }
  auto memory = std::make_shared<TokenRows>();
  memory->features = pairs.take();
  Dataset dataset;
  dataset.rows = static_cast<int64_t>(memory->features.size()) / pairs.width();
  if (dataset.rows < 2) {
    throw file_error(source.train.front().path, "the text has no pairs of words that are known");
  }
  memory->classes.assign(static_cast<size_t>(dataset.rows), 0);
  name_columns(pairs, spec.negatives, dataset);
  const bool skip_gram = spec.architecture == PairArchitecture::kSkipGram;
  const int64_t overlap = 2 * spec.window * (skip_gram ? 2 * spec.window : 1);
  dataset.windows = {1, overlap, overlap};
  std::vector<int64_t> known = vocabulary.counts;
  std::fill_n(known.begin(), kReservedTokens, 0);
  dataset.negatives = std::make_shared<NegativeTable>(known, spec.negatives);
  dataset.token_count = static_cast<int64_t>(vocabulary.names.size());
  dataset.token_names = vocabulary.names;
  dataset.shape = {pairs.width()};
  hand_over(std::move(memory), source, provenance, dataset);
  return dataset;
}

}  // namespace mlrun::data
