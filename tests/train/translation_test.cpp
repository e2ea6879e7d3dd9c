// A transformer that translates, from the file to BLEU, in its small and fast form.
#include <doctest/doctest.h>

#include <fstream>

#include "device/protected_context.h"
#include "train/device_check.h"
#include "train/experiment_file.h"
#include "train/translator.h"

using namespace mlrun;
using test::changed;
using test::error_of;
using test::input_of;
using test::prepare;

namespace {

constexpr const char* kTranslation = R"(
name: translation
seed: 2
dataset:
  source: ./from.txt
  format: text
  parallel: {target: ./to.txt}
  tokens: {words: {vocabulary: 20}}
  length: 6
  split: {test: 0.1}
model:
  - Slice: {begin: 0, end: 6}
  - Embedding: {input_dim: 20, output_dim: 16, mask_zero: true}
  - PositionEmbedding: {}
  - TransformerEncoder: {num_heads: 2, intermediate_dim: 16, name: read}
  - Slice: {begin: 6, inputs: input}
  - Embedding: {input_dim: 20, output_dim: 16, mask_zero: true}
  - PositionEmbedding: {name: written}
  - TransformerDecoder: {num_heads: 2, intermediate_dim: 16, inputs: [written, read]}
  - Dense: 8
train:
  loss: {categorical_crossentropy: {from_logits: true, label_smoothing: 0.05, ignore_class: 0}}
  optimizer: {Adam: {learning_rate: 0.01}}
  batch_size: 32
  epochs: 8
)";

// The translation names the same things in the same order, and says how many there are first.
void write_texts(const ScratchFolder& folder) {
  std::ofstream from(folder / "from.txt");
  std::ofstream to(folder / "to.txt");
  const char* words[] = {"eins", "zwei", "drei"};
  const char* translations[] = {"one", "two", "three"};
  for (int i = 0; i < 400; ++i) {
    const int count = 1 + i % 3;
    to << std::string(static_cast<size_t>(count), '.') << " ";
    for (int k = 0; k < count && k < 2; ++k) {
      const int word = (i / 3 + i * k) % 3;
      from << words[word] << " ";
      to << translations[word] << " ";
    }
    from << (count == 3 ? "!\n" : "\n");
    to << "\n";
  }
}

}  // namespace

TEST_CASE("translation: a transformer learns it, the same with any number of threads") {
  const ScratchFolder folder;
  write_texts(folder);
  const trials::Search search = prepare(folder, kTranslation);
  const train::FitInput input = input_of(search, 1);
  const train::FitResult result = train::fit(input);
  REQUIRE(result.status == train::FitStatus::kFinished);
  CHECK(result.test[0] < 0.5 * result.history.front().training[0]);
  CHECK(result.model.vocabulary.at(1) == "<unknown>");
  CHECK(result.model.target_vocabulary.at(1) == "<start>");
  CHECK(train::fit(input_of(search, 3)).model.weights == result.model.weights);
  test::check_on_device(input, result);

  train::Translator translator(input, result.model);
  std::vector<std::string> sentences;
  std::vector<std::string> references;
  for (const int64_t row : search.hold_out.test) {
    sentences.push_back(translator.sentence(row));
    references.push_back(translator.reference(row));
  }
  const std::vector<std::string> greedy = translator.translate(sentences, 1, 0.6);
  CHECK(train::bleu_of_texts(greedy, references).score > 0.8);
  const std::vector<std::string> beam = translator.translate(sentences, 3, 0.6);
  CHECK(train::bleu_of_texts(beam, references).score > 0.8);
  CHECK(translator.translate(sentences, 100, 0.6).size() == sentences.size());
  train::Translator threads(input_of(search, 3), result.model);
  CHECK(threads.translate(sentences, 3, 0.6) == beam);
  train::FitInput elsewhere = input;
  elsewhere.backend = test::protected_backend();
  CHECK(train::Translator(elsewhere, result.model).translate(sentences, 3, 0.6) == beam);
  CHECK(translator.translate(std::vector<std::string>{"vier"}, 1, 0.6).size() == 1);
}

TEST_CASE("translation: what does not fit is said before the training") {
  const ScratchFolder folder;
  write_texts(folder);
  const std::string few = error_of(
      folder, changed(kTranslation, "Embedding: {input_dim: 20", "Embedding: {input_dim: 5"));
  CHECK(few.find("Embedding has rows for 5 tokens, but the data has 6") != std::string::npos);
  CHECK(error_of(folder, changed(kTranslation, "Dense: 8", "Dense: 7"))
            .find("one score for each of the 8 classes") != std::string::npos);
  CHECK(error_of(folder, changed(kTranslation, "epochs: 8", "epochs: 8\n  metrics: [accuracy]"))
            .find("metric accuracy needs classes that are known before the training") !=
        std::string::npos);
}
