// Experiments on documents and pairs from the file to the scores, in their small and fast forms.
#include <doctest/doctest.h>

#include <fstream>

#include "base/error.h"
#include "data/split.h"
#include "train/device_check.h"
#include "train/experiment_file.h"

using namespace mlrun;
using test::changed;
using test::input_of;
using test::prepare;

namespace {

// The class says whether "good" or "bad" stands somewhere among other words.
void write_reviews(const ScratchFolder& folder) {
  std::ofstream file(folder / "a.txt");
  const char* words[] = {"the", "film", "plot", "was", "it", "seen"};
  for (int i = 0; i < 200; ++i) {
    const int label = i % 2;
    const int place = i % 5;
    file << label;
    for (int w = 0; w < 3 + i % 3; ++w) {
      if (w == place % 3) file << (label ? " good" : " bad");
      file << " " << words[(i / 2 + 5 * w) % 6];
    }
    file << "\n";
  }
}

constexpr const char* kDocuments = R"(
name: documents
seed: 3
dataset:
  source: ./a.txt
  format: documents
  tokens: {words: {vocabulary: 12}}
  length: 8
  split: {test: 0.2, stratify: true}
model:
  - Embedding: {input_dim: 12, output_dim: 8, mask_zero: true, name: words}
  - Conv1D: {filters: 8, kernel_size: 2, activation: relu}
  - GlobalMaxPooling1D: {name: two}
  - Conv1D: {filters: 8, kernel_size: 3, activation: relu, inputs: words}
  - GlobalMaxPooling1D: {name: three}
  - Concatenate: {inputs: [two, three]}
  - Dense: {units: 1, activation: sigmoid}
train:
  loss: binary_crossentropy
  optimizer: {Adam: {learning_rate: 0.01}}
  batch_size: 16
  epochs: 12
  metrics: [accuracy]
)";

constexpr const char* kTransformer =
    "  Transformer: {layers: 1, heads: 2, width: 8, dropout: 0.1, vocabulary: 12, mask_zero: true, "
    "pooling: mean, outputs: 2}\n";

constexpr const char* kPairs = R"(
name: pairs
seed: 3
dataset:
  source: ./a.txt
  format: documents
  tokens: {words: {vocabulary: 10}}
  pairs: {architecture: ARCHITECTURE, window: 2, negatives: 2, subsample: 0}
model:
  - Word2Vec: {vocabulary: 10, width: 8, negatives: 2}
train:
  loss: negative_sampling
  optimizer: {Adam: {learning_rate: 0.02}}
  batch_size: 64
  epochs: 10
  metrics: [accuracy]
)";

std::string with_transformer() {
  const std::string text = kDocuments;
  const size_t begin = text.find("  - Embedding");
  const size_t end = text.find("train:");
  return changed(text.substr(0, begin) + kTransformer + text.substr(end), "binary_crossentropy",
                 "{sparse_categorical_crossentropy: {from_logits: true}}");
}

}  // namespace

TEST_CASE("documents: convolutions and a transformer find the word that decides") {
  const ScratchFolder folder;
  write_reviews(folder);
  for (const std::string& yaml : {std::string(kDocuments), with_transformer()}) {
    const trials::Search search = prepare(folder, yaml);
    const train::FitResult result = fit(input_of(search));
    REQUIRE(result.status == train::FitStatus::kFinished);
    CHECK(result.test[1] > 0.9);
    CHECK(result.model.vocabulary.at(0) == "<padding>");
    CHECK(result.model.vocabulary.size() <= 12);
    const train::FitResult more_threads = fit(input_of(search, 3));
    CHECK(more_threads.test == result.test);
    CHECK(more_threads.model.weights == result.model.weights);
    test::check_on_device(input_of(search), result);
  }
}

TEST_CASE("pairs: embeddings are learned, the same with any number of threads") {
  const ScratchFolder folder;
  write_reviews(folder);
  for (const char* architecture : {"skip_gram", "cbow"}) {
    const trials::Search search = prepare(folder, changed(kPairs, "ARCHITECTURE", architecture));
    const train::FitResult result = fit(input_of(search));
    REQUIRE(result.status == train::FitStatus::kFinished);
    CHECK(result.history.back().training[0] < result.history.front().training[0]);
    CHECK(result.history.back().training[1] > 0.4);  // by chance: 1/3
    CHECK(result.model.vocabulary.size() == 10);
    const train::FitResult more_threads = fit(input_of(search, 3));
    CHECK(more_threads.model.weights == result.model.weights);
    test::check_on_device(input_of(search), result);
  }
}

TEST_CASE("documents: too few rows of an embedding are said before the training") {
  const ScratchFolder folder;
  write_reviews(folder);
  try {
    prepare(folder, changed(kDocuments, "input_dim: 12", "input_dim: 9"));
    FAIL("no error");
  } catch (const InputError& error) {
    CHECK(std::string(error.what()).find("Embedding has rows for 9 tokens, but the data has 10") !=
          std::string::npos);
  }
}
