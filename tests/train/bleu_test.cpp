#include "train/bleu.h"

#include <doctest/doctest.h>

#include <cmath>

#include "train/translator.h"

namespace mlrun::train {

using Texts = std::vector<std::string>;

TEST_CASE("bleu: Papineni's example of a word said too often") {
  const Bleu found =
      bleu_of_texts(Texts{"the the the the the the the"}, Texts{"The cat is on the mat."});
  CHECK(found.precisions[0] == doctest::Approx(2.0 / 7));
  CHECK(found.score == 0);
}

TEST_CASE("bleu: n-grams are counted over all sentences, short translations pay") {
  const Texts made = {"a man is riding a bike", "two dogs run"};
  CHECK(bleu_of_texts(made, made).score == doctest::Approx(1));
  const Bleu found = bleu_of_texts(made, Texts{"a man is riding a red bike", "two dogs run fast"});
  CHECK(found.precisions[0] == doctest::Approx(9.0 / 9));
  CHECK(found.precisions[1] == doctest::Approx(6.0 / 7));
  CHECK(found.precisions[2] == doctest::Approx(4.0 / 5));
  CHECK(found.precisions[3] == doctest::Approx(2.0 / 3));
  CHECK(found.brevity_penalty == doctest::Approx(std::exp(1 - 11.0 / 9)));
  CHECK(found.score ==
        doctest::Approx(std::exp(1 - 11.0 / 9) * std::pow(6.0 / 7 * 4.0 / 5 * 2.0 / 3, 0.25)));
  CHECK(bleu_of_texts(Texts{""}, Texts{"a"}).score == 0);
}

TEST_CASE("bleu: a token that is not known is one word") {
  const Texts wanted = {"a man is riding a red bike"};
  const Bleu found = bleu_of_texts(Texts{"a man is riding a <unknown> bike"}, wanted);
  CHECK(found.words == 7);
  CHECK(found.precisions[0] == doctest::Approx(6.0 / 7));
  CHECK(found.precisions[1] == doctest::Approx(4.0 / 6));
  CHECK(found.brevity_penalty == 1);
  CHECK(bleu_of_texts(Texts{"<unknown><unknown>b <"}, wanted).words == 4);
}

}  // namespace mlrun::train
