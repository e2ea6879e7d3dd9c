// Sentences with their translations.
#include <doctest/doctest.h>

#include "data/component.h"
#include "data/transform.h"
#include "data_folder.h"

namespace mlrun::data {
namespace {

using Texts = std::vector<std::string>;

config::DatasetSpec parallel(const std::string& how, int64_t length) {
  config::DatasetSpec spec;
  spec.source = "./de.txt";
  spec.format = config::FileFormat::kText;
  spec.tokens = tokens(how);
  spec.length = length;
  spec.parallel.emplace();
  spec.parallel->target = "./en.txt";
  return spec;
}

Texts names(std::span<const std::string> all) { return {all.begin(), all.end()}; }

}  // namespace

TEST_CASE("parallel: what the encoder reads, the decoder reads and is to write") {
  const DataFolder folder;
  folder.write("de.txt", "Ein Hund\r\nKatze\n\nEin Ein Ein Ein\nEin\n");
  folder.write("en.txt", "a dog\ncat\nnothing there\na a a a\na dog dog\n");
  config::DatasetSpec spec = parallel("words: {vocabulary: 100}", 3);
  const Dataset dataset = open_dataset(spec, folder.options(true));
  REQUIRE(dataset.rows == 3);  // an empty and a long one are left out
  CHECK(dataset.width() == 6);
  CHECK(dataset.columns[3].name == "target[0]");
  CHECK(dataset.token_count == 5);  // padding, unknown, ein, hund, katze
  CHECK(dataset.class_names.size() == 7);
  CHECK(dataset.has_label_sequences());
  const std::vector<int64_t> rows = {0, 1, 2};
  const Transform transform = Transform::fit(dataset, spec, std::vector<int64_t>{0, 2});
  CHECK(names(transform.token_names()) == Texts{"<padding>", "<unknown>", "ein", "hund"});
  CHECK(names(transform.target_token_names()) ==
        Texts{"<padding>", "<start>", "<end>", "<unknown>", "dog", "a"});
  std::vector<float> x(18);
  std::vector<int32_t> y(9);
  transform.gather(dataset, rows, x.data());
  transform.gather_labels(dataset, rows, y.data());
  CHECK(x == std::vector<float>{2, 3, 0, 1, 5, 4, 1, 0, 0, 1, 3, 0, 2, 0, 0, 1, 5, 4});
  CHECK(y == std::vector<int32_t>{5, 4, 2, 3, 2, 0, 5, 4, 4});
  spec.limit = 2;
  CHECK(open_dataset(spec, folder.options(true)).rows == 2);
  spec.parallel->longest = 2;
  CHECK(open_dataset(spec, folder.options(true)).rows == 2);
}

TEST_CASE("parallel: pairs of bytes of either side") {
  const DataFolder folder;
  folder.write("de.txt", "aa bb\naa\n");
  folder.write("en.txt", "cc dd\ncc\n");
  const config::DatasetSpec spec = parallel("byte_pairs: {vocabulary: 100}", 6);
  const Dataset dataset = open_dataset(spec, folder.options(true));
  const Transform transform = Transform::fit(dataset, spec, std::vector<int64_t>{0, 1});
  CHECK(names(transform.token_names()) == Texts{"<padding>", "<unknown>", "a", "b", " ", "aa"});
  CHECK(names(transform.target_token_names()) ==
        Texts{"<padding>", "<start>", "<end>", "<unknown>", "c", "d", " ", "cc"});
  std::vector<int32_t> y(6);
  transform.gather_labels(dataset, std::vector<int64_t>{0}, y.data());
  CHECK(y == std::vector<int32_t>{7, 6, 5, 5, 2, 0});
}

}  // namespace mlrun::data
