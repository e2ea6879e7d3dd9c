// Documents, their vocabularies, and pairs of words.
#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "data/component.h"
#include "data/masked_tokens.h"
#include "data/negative_table.h"
#include "data/tokens.h"
#include "data/tokens/characters.h"
#include "data/tokens/words.h"
#include "data/transform.h"
#include "data_folder.h"

namespace mlrun::data {
namespace {

config::DatasetSpec documents(const std::string& how, int64_t length) {
  config::DatasetSpec spec;
  spec.source = "./a.txt";
  spec.format = config::FileFormat::kDocuments;
  spec.tokens = tokens(how);
  spec.length = length;
  return spec;
}

std::vector<float> gathered(const Transform& transform, const Dataset& dataset, int64_t row) {
  std::vector<float> x(static_cast<size_t>(transform.output_width()));
  transform.gather(dataset, std::vector<int64_t>{row}, x.data());
  return x;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("words: punctuation stands alone, but for what joins two letters") {
  const Words words;
  CHECK(words.split("It's  a mass-market film--(bad)!\tCafé 1999.") ==
        Texts{"it's", "a", "mass-market", "film", "-", "-", "(", "bad", ")", "!", "café", "1999",
              "."});
  CHECK(words.split(" ").empty());
  CHECK(Characters().split("aä") == Texts{"a", "ä"});
}

TEST_CASE("words: the most frequent ones, none rarer than asked for") {
  Dictionary dictionary;
  const std::vector<int32_t> text =
      number_words({"b", "a", "c", "b", "a", "b", "d", "d"}, dictionary);
  Words words;
  words.vocabulary = 10;
  words.minimum_count = 2;
  const Vocabulary all = words.learn(dictionary, count_words(dictionary, text), {"<unknown>"});
  CHECK(all.names == Texts{"<unknown>", "b", "a", "d"});
  CHECK(all.counts == std::vector<int64_t>{1, 3, 2, 2});
  CHECK(all.of(2).front() == 0);  // c
  words.vocabulary = 3;
  CHECK(words.learn(dictionary, count_words(dictionary, text), {"<unknown>"}).names ==
        Texts{"<unknown>", "b", "a"});
}

TEST_CASE("documents: the vocabulary is that of the training rows") {
  const DataFolder folder;
  folder.write("a.txt", "pos good good film\r\n\nneg bad film\npos\tgreat\nneg \n");
  const config::DatasetSpec spec = documents("words: {vocabulary: 100}", 4);
  const Dataset dataset = open_dataset(spec, folder.options(true));
  REQUIRE(dataset.rows == 4);
  CHECK(dataset.class_names == Texts{"neg", "pos"});
  CHECK(dataset.classes[0] == 1);
  CHECK(dataset.token_count == 6);  // padding, unknown, good, film, bad, great
  const Transform transform = Transform::fit(dataset, spec, std::vector<int64_t>{0, 1});
  CHECK(Texts(transform.token_names().begin(), transform.token_names().end()) ==
        Texts{"<padding>", "<unknown>", "film", "good", "bad"});
  CHECK(gathered(transform, dataset, 0) == std::vector<float>{3, 3, 2, 0});
  CHECK(gathered(transform, dataset, 2) == std::vector<float>{1, 0, 0, 0});  // great: not seen
  CHECK(gathered(transform, dataset, 3) == std::vector<float>{0, 0, 0, 0});
  const config::DatasetSpec shorter = documents("characters", 2);
  const Dataset cut = open_dataset(shorter, folder.options(true));
  CHECK(cut.width() == 2);
}

TEST_CASE("documents: Latin-1 becomes UTF-8") {
  const DataFolder folder;
  folder.write("a.txt", "0 caf\xe9\n1 no\n");
  config::DatasetSpec spec = documents("words: {vocabulary: 100}", 2);
  spec.encoding = config::Encoding::kLatin1;
  const Dataset dataset = open_dataset(spec, folder.options(true));
  CHECK(dataset.words->entries()[0].text == "café");
}

TEST_CASE("text: words in windows, the rare ones unknown") {
  const DataFolder folder;
  folder.write("a.txt", "a b a b c a b a b");
  config::DatasetSpec spec = documents("words: {vocabulary: 3}", 1);
  spec.format = config::FileFormat::kText;
  spec.length.reset();
  spec.window.emplace();
  spec.window->look_back = 3;
  const Dataset dataset = open_dataset(spec, folder.options(true));
  CHECK(dataset.class_names == Texts{"<unknown>", "a", "b"});
  REQUIRE(dataset.rows == 2);
  CHECK(dataset.feature(1, 0) == 2);
  CHECK(dataset.feature(1, 1) == 0);
  CHECK(dataset.classes[5] == 2);
}

namespace {

Dataset open_pairs(const DataFolder& folder, config::PairArchitecture architecture,
                   config::FileFormat format) {
  config::DatasetSpec spec = documents("words: {vocabulary: 100, minimum_count: 2}", 1);
  spec.format = format;
  spec.length.reset();
  spec.pairs.emplace();
  spec.pairs->architecture = architecture;
  spec.pairs->window = 1;
  spec.pairs->negatives = 2;
  spec.pairs->subsample = 0;
  return open_dataset(spec, folder.options(true));
}

}  // namespace

TEST_CASE("pairs: a word and its neighbours, without those that are not known") {
  const DataFolder folder;
  folder.write("a.txt", "a b rare c a b c");
  using Row = std::vector<float>;
  const auto row = [](const Dataset& dataset, int64_t r) {
    Row values;
    for (int64_t c = 0; c < dataset.width(); ++c) values.push_back(dataset.feature(r, c));
    return values;
  };
  const Dataset skip =
      open_pairs(folder, config::PairArchitecture::kSkipGram, config::FileFormat::kText);
  CHECK(skip.token_names == Texts{"<padding>", "<unknown>", "a", "b", "c"});
  REQUIRE(skip.rows == 10);  // six words side by side
  CHECK(row(skip, 0) == Row{2, 3, 0, 0});
  CHECK(row(skip, 2) == Row{3, 4, 0, 0});
  CHECK(skip.class_names == Texts{"true", "drawn[1]", "drawn[2]"});
  const Dataset cbow =
      open_pairs(folder, config::PairArchitecture::kCbow, config::FileFormat::kText);
  REQUIRE(cbow.rows == 6);
  CHECK(row(cbow, 0) == Row{3, 0, 2, 0, 0});
  CHECK(row(cbow, 1) == Row{2, 4, 3, 0, 0});
  folder.write("a.txt", "0 a b\n1 a b\n");
  CHECK(open_pairs(folder, config::PairArchitecture::kSkipGram, config::FileFormat::kDocuments)
            .rows == 4);
}

TEST_CASE("negative table: unigram counts to the power 0.75, never the true word") {
  const std::vector<int64_t> counts = {0, 0, 1, 16, 81};
  const NegativeTable table(counts, 2);
  const PhiloxStream stream(5, Purpose::kWords);
  std::vector<int64_t> rows(20000);
  std::iota(rows.begin(), rows.end(), 0);
  std::vector<float> features(rows.size() * 3);
  table.fill(rows, 3, stream, 7, features.data());
  std::vector<double> share(counts.size());
  for (size_t i = 0; i < features.size(); ++i) {
    if (i % 3 != 0) share[static_cast<size_t>(features[i])] += 1.0 / 40000;
  }
  CHECK(share[0] + share[1] == 0);
  CHECK(share[2] == doctest::Approx(1.0 / 36).epsilon(0.05));
  CHECK(share[3] == doctest::Approx(8.0 / 36).epsilon(0.03));
  CHECK(share[4] == doctest::Approx(27.0 / 36).epsilon(0.01));
  std::vector<float> again(3);
  table.fill(std::vector<int64_t>{100}, 3, stream, 7, again.data());
  CHECK(again[1] == features[301]);
  std::vector<float> avoiding(features.size(), 4.0f);
  table.fill(rows, 3, stream, 8, avoiding.data());
  const auto drawn = std::count(avoiding.begin(), avoiding.end(), 4.0f) - 20000;
  CHECK(drawn < 40000 * 0.13);  // 0.75^8, when all tries gave it
}

TEST_CASE("masked tokens: 15 % of them, of which 80 % are masked and 10 % any token") {
  const int64_t width = 50;
  const MaskedTokens masked({}, width);
  const PhiloxStream stream(3, Purpose::kWords);
  std::vector<int64_t> rows(1000);
  std::iota(rows.begin(), rows.end(), 0);
  const std::vector<float> tokens = [&] {
    std::vector<float> all(rows.size() * width);
    for (size_t i = 0; i < all.size(); ++i) {
      all[i] = i % width < 40 ? 7 : 0;  // then padding
    }
    return all;
  }();
  std::vector<float> shown = tokens;
  std::vector<int32_t> labels(tokens.size());
  masked.fill(rows, {stream, 5, 1003}, shown.data(), labels.data());
  double chosen = 0;
  double hidden = 0;
  double any = 0;
  for (size_t i = 0; i < shown.size(); ++i) {
    if (labels[i] == 0) {
      CHECK(shown[i] == tokens[i]);
      continue;
    }
    CHECK(labels[i] == 7);
    CHECK(shown[i] != 0);
    ++chosen;
    hidden += shown[i] == 1;
    any += shown[i] != 1 && shown[i] != 7;
  }
  CHECK(chosen / 40000 == doctest::Approx(0.15).epsilon(0.03));
  CHECK(hidden / chosen == doctest::Approx(0.8).epsilon(0.02));
  CHECK(any / chosen == doctest::Approx(0.1).epsilon(0.1));
  std::vector<float> again(tokens.begin(), tokens.begin() + width);
  masked.fill(std::vector<int64_t>{4}, {stream, 5, 1003}, again.data(), labels.data());
  CHECK(std::equal(again.begin(), again.end(), shown.begin() + 4 * width));
}

TEST_CASE("masked documents: the labels are the tokens of the document") {
  const DataFolder folder;
  folder.write("a.txt", "0 a b a\n0 b b\n");
  config::DatasetSpec spec = documents("words: {vocabulary: 100}", 4);
  spec.masked_lm.emplace();
  const Dataset dataset = open_dataset(spec, folder.options(true));
  CHECK(dataset.labels_are_words());
  CHECK(dataset.token_count == 5);  // padding, mask, unknown, a, b
  CHECK(dataset.class_names == Texts{"<padding>", "<mask>", "<unknown>", "token[3]", "token[4]"});
  const Transform transform = Transform::fit(dataset, spec, std::vector<int64_t>{0, 1});
  CHECK(gathered(transform, dataset, 0) == std::vector<float>{4, 3, 4, 0});
}

}  // namespace mlrun::data
