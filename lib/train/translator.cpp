#include "train/translator.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/source.h"
#include "data/table/dictionary.h"
#include "data/tokens.h"
#include "data/tokens/words.h"
#include "train/fitting_rows.h"
#include "train/gradient_learner.h"
#include "train/structure.h"

namespace mlrun::train {
namespace {

constexpr size_t kRows = 64;  // that are predicted at once

void check_parallel(const FitInput& input) {
  if (input.dataset.target_words) return;
  throw InputError(render_error(input.spec.dataset.source_mark,
                                "only a model of parallel text translates; set dataset.parallel"));
}

// Rows of tokens that can be written to, in the place of the data set.
struct TokenRows {
  TokenRows(const data::Dataset& from, int64_t rows)
      : dataset(from),
        features(static_cast<size_t>(rows * from.width())),
        classes(static_cast<size_t>(rows * from.label_width)) {
    dataset.rows = rows;
    dataset.words = nullptr;
    dataset.target_words = nullptr;
    dataset.features = features.data();
    dataset.classes = classes.data();
  }

  data::Dataset dataset;
  std::vector<float> features;
  std::vector<int32_t> classes;
};

data::Transform as_they_are(const data::Dataset& tokens) {
  constexpr int64_t kFirst = 0;
  return data::Transform::fit(tokens, {}, std::span(&kFirst, 1));
}

}  // namespace

struct Translator::State {
  State(const FitInput& trained_on, const store::ModelFile& model)
      : input(trained_on),
        transform(
            trained_transform(model, input.dataset, input.spec.dataset, fitting_rows(input).train)),
        rows(input.dataset, static_cast<int64_t>(kRows)),
        feed(rows.dataset, as_they_are(rows.dataset), nn::TargetKind::kLabels, {}),
        backend(input.backend(input.threads)),
        learner(LearnerOptions{.trials = {{&input.spec, &feed}},
                               .input = input_shape(input.dataset, input.spec.dataset),
                               .adjacency = {},
                               .backend = &backend,
                               .training_predictions = false,
                               .rows_change = true}) {
    learner.load(model);
    probabilities.resize(kRows * static_cast<size_t>(learner.output_width()));
  }

  const data::Tokens& tokens() const { return *input.dataset.tokens; }
  size_t width() const { return static_cast<size_t>(input.dataset.width()); }
  size_t target_width() const { return static_cast<size_t>(input.dataset.label_width); }

  std::vector<int32_t> encode(std::string_view sentence) const {
    constexpr int32_t kUnknown = data::kReservedTokens - 1;
    std::vector<int32_t> encoded = tokens().encode(sentence, transform.token_names());
    std::replace(encoded.begin(), encoded.end(), -1, kUnknown);
    encoded.resize(width() - target_width());
    return encoded;
  }

  std::string decode(std::span<const int32_t> encoded) const {
    std::string text;
    for (const int32_t token : encoded) {
      if (!text.empty()) text += tokens().separator();
      text += transform.target_token_names()[static_cast<size_t>(token)];
    }
    return text;
  }

  std::string text_of(const data::Dictionary& words, int64_t row, int64_t begin,
                      int64_t end) const {
    std::string text;
    for (int64_t i = begin; i < end && input.dataset.feature(row, i) > 0; ++i) {
      if (!text.empty()) text += tokens().separator();
      const float word = input.dataset.feature(row, i);
      text += words.entries()[static_cast<size_t>(word) - 1].text;
    }
    return text;
  }

  void put_row(size_t row, std::span<const int32_t> source, std::span<const int32_t> begun) {
    const std::span<float> out(rows.features.data() + row * width(), width());
    std::fill(out.begin(), out.end(), 0.0f);
    std::copy(source.begin(), source.end(), out.begin());
    out[source.size()] = static_cast<float>(data::kStartToken);
    std::copy(begun.begin(), begun.end(), out.begin() + static_cast<int64_t>(source.size()) + 1);
  }

  // Of the tokens behind the `begun` ones of a row that was predicted.
  std::span<float> next(size_t row, size_t begun) {
    const size_t classes = static_cast<size_t>(learner.output_width()) / target_width();
    const std::span<float> all(probabilities.data() + (row * target_width() + begun) * classes,
                               classes);
    const size_t known = transform.target_token_names().size();
    all[0] = all[data::kStartToken] = 0;
    std::fill(all.begin() + static_cast<int64_t>(std::min(known, classes)), all.end(), 0.0f);
    return all;
  }

  // A beginning that is open, of the translation of sources[of].
  struct Begun {
    size_t of;
    std::span<const int32_t> tokens;
  };

  // One more token of every beginning that is open.
  void extend(std::span<const std::vector<int32_t>> sources, std::span<Beam> beams) {
    std::vector<Begun> open;
    for (size_t i = 0; i < beams.size(); ++i) {
      for (const Hypothesis& one : beams[i].open()) open.push_back({i, one.tokens});
    }
    std::vector<std::vector<float>> following(beams.size());
    for (size_t at = 0; at < open.size(); at += kRows) {
      const std::span part = std::span(open).subspan(at, std::min(kRows, open.size() - at));
      predict(sources, part);
      for (size_t row = 0; row < part.size(); ++row) {
        const std::span<float> p = next(row, part[row].tokens.size());
        std::vector<float>& all = following[part[row].of];
        all.insert(all.end(), p.begin(), p.end());
      }
    }
    for (size_t i = 0; i < beams.size(); ++i) {
      if (!beams[i].done()) beams[i].extend(following[i]);
    }
  }

  // At most kRows of them.
  void predict(std::span<const std::vector<int32_t>> sources, std::span<const Begun> begun) {
    for (size_t row = 0; row < begun.size(); ++row) {
      put_row(row, sources[begun[row].of], begun[row].tokens);
    }
    std::vector<int64_t> numbers(begun.size());
    std::iota(numbers.begin(), numbers.end(), 0);
    learner.predict(numbers, probabilities);
  }

  FitInput input;
  data::Transform transform;
  TokenRows rows;
  Feed feed;
  graph::Backend backend;
  GradientLearner learner;
  std::vector<float> probabilities;
};

Translator::Translator(const FitInput& input, const store::ModelFile& model) {
  check_parallel(input);
  state_ = std::make_unique<State>(input, model);
}

Translator::~Translator() = default;

std::string Translator::sentence(int64_t row) const {
  const data::Dataset& data = state_->input.dataset;
  return state_->text_of(*data.words, row, 0, data.width() - data.label_width);
}

std::string Translator::reference(int64_t row) const {
  const data::Dataset& data = state_->input.dataset;
  return state_->text_of(*data.target_words, row, data.width() - data.label_width, data.width());
}

std::vector<std::string> Translator::translate(std::span<const std::string> sentences, int64_t beam,
                                               double length_penalty) {
  const BeamOptions options{beam, length_penalty, state_->input.dataset.label_width,
                            data::kEndToken};
  const size_t at_once = std::max<size_t>(kRows / static_cast<size_t>(beam), 1);
  std::vector<std::string> translations;
  for (size_t at = 0; at < sentences.size(); at += at_once) {
    std::vector<std::vector<int32_t>> sources;
    for (const std::string& sentence :
         sentences.subspan(at, std::min(at_once, sentences.size() - at))) {
      sources.push_back(state_->encode(sentence));
    }
    std::vector<Beam> beams(sources.size(), Beam(options));
    const auto done = [](const Beam& one) { return one.done(); };
    while (!std::all_of(beams.begin(), beams.end(), done)) state_->extend(sources, beams);
    for (const Beam& one : beams) translations.push_back(state_->decode(one.best().tokens));
  }
  return translations;
}

namespace {

// A token that is not known is no word between two punctuation marks.
Sentence words_of(std::string_view text) {
  constexpr std::string_view kMark = data::kUnknown;
  const data::Words words;
  Sentence all;
  while (true) {
    const size_t at = text.find(kMark);
    for (std::string& word : words.split(text.substr(0, at))) all.push_back(std::move(word));
    if (at == std::string_view::npos) return all;
    all.emplace_back(kMark);
    text.remove_prefix(at + kMark.size());
  }
}

}  // namespace

Bleu bleu_of_texts(std::span<const std::string> translations,
                   std::span<const std::string> references) {
  std::vector<Sentence> made;
  std::vector<Sentence> wanted;
  for (const std::string& text : translations) made.push_back(words_of(text));
  for (const std::string& text : references) wanted.push_back(words_of(text));
  return bleu(made, wanted);
}

}  // namespace mlrun::train
