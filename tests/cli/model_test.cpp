// The verbs that use a trained model: where they look for it and where they write.
#include <doctest/doctest.h>

#include "workspace.h"

using mlrun::test::Answer;
using mlrun::test::holds;
using mlrun::test::Workspace;

TEST_CASE("cli: predict writes beside the model unless told otherwise") {
  const Workspace work;
  CHECK(work.run("mlrun train moons.yaml").code == 0);
  const Answer scores = work.run("mlrun predict moons.yaml");
  CHECK(scores.code == 0);
  CHECK(scores.out == "score (200, 1) in results/moons/predictions.h5\n");
  CHECK(work.run("mlrun predict moons.yaml --layer dense").out ==
        "dense (200, 8) in results/moons/layer-dense.h5\n");
  CHECK(work.run("mlrun predict moons.yaml --layer dens -o none/s.h5").code == 2);
  CHECK(!work.has("none"));
  CHECK(work.run("mlrun predict moons.yaml -o new/folder/s.h5").code == 0);
  CHECK(work.has("new/folder/s.h5"));
}

TEST_CASE("cli: predict replaces what it has written, and nothing else") {
  const Workspace work;
  REQUIRE(work.run("mlrun train moons.yaml -q; ln -s link-here.h5 link.h5").code == 0);
  for (int again = 0; again < 2; ++again) {
    CHECK(work.run("mlrun predict moons.yaml -o link-here.h5").code == 0);
    CHECK(work.run("mlrun predict moons.yaml -o link.h5; [ -L link.h5 ]").code == 0);
  }
  for (const std::string file :
       {"moons.yaml", "results/moons/model.h5", "results/moons/results.h5"}) {
    CAPTURE(file);
    const std::string before = work.read(file);
    const Answer refused = work.run("mlrun predict moons.yaml -o " + file);
    CHECK(refused.code == 2);
    CHECK(holds(refused.err, "'" + file + "' exists and does not hold predictions of mlrun"));
    CHECK(work.read(file) == before);
  }
  CHECK(holds(work.run("mlrun predict moons.yaml -o results").err, "'results' is a folder"));
}

TEST_CASE("cli: a verb that finds no model says where it looked") {
  const Workspace work;
  const Answer answer = work.run("mlrun predict moons.yaml");
  CHECK(answer.code == 2);
  CHECK(answer.err ==
        "mlrun: error: no model 'results/moons/model.h5': train it first, or name one with "
        "--model\n");
  CHECK(!work.has("results"));
  CHECK(holds(work.run("mlrun predict moons.yaml --model no.h5").err, "no model 'no.h5'"));
}

TEST_CASE("cli: generate starts with a new line only where there is one") {
  const Workspace work;
  work.write("lines.txt", "ab\nab\nab\nab\nab\nab\nab\nab\n");
  work.write("words.txt", "a b a b a b a b a b a b a b a b a b a b");
  work.write("t.yaml", R"(
dataset: {source: ./lines.txt, format: text, window: 4}
model: [Embedding: {input_dim: 4, output_dim: 4}, Dense: {units: 3, activation: softmax}]
train: {loss: sparse_categorical_crossentropy, optimizer: Adam}
)");
  const Answer lines = work.run("mlrun train t.yaml");
  CHECK_MESSAGE(lines.code == 0, lines.err);
  CHECK(work.run("mlrun generate t.yaml --length 3").code == 0);
  CHECK(work.run("mlrun generate t.yaml --prompt '' --length 3").err ==
        "mlrun: error: --prompt holds no token\n");
  const std::string words = " t.yaml dataset.source=./words.txt name=words";
  const Answer trained = work.run("mlrun train" + words);
  CHECK_MESSAGE(trained.code == 0, trained.err);
  CHECK(work.run("mlrun generate" + words).err ==
        "mlrun: error: --prompt is needed: the default, a new line, is no token of this text\n");
  CHECK(work.run("mlrun generate" + words + " --prompt a --length 3").code == 0);
  CHECK(work.run("mlrun generate" + words + " --prompt c").err ==
        "mlrun: error: --prompt: 'c' does not occur in the text\n");
}

TEST_CASE("cli: translate says how good it is, and writes beside the model") {
  const Workspace work;
  std::string from;
  std::string to;
  for (int i = 0; i < 60; ++i) {
    from += i % 2 ? "ja ja\n" : "nein\n";
    to += i % 2 ? "yes yes\n" : "no\n";
  }
  work.write("from.txt", from);
  work.write("to.txt", to);
  work.write("t.yaml", R"(
dataset:
  source: ./from.txt
  format: text
  parallel: {target: ./to.txt}
  length: 8
  split: {test: 0.2}
model:
  - Slice: {begin: 8}
  - Embedding: {input_dim: 20, output_dim: 4}
  - Dense: 10
train: {loss: {sparse_categorical_crossentropy: {from_logits: true, ignore_class: 0}}, optimizer: Adam}
)");
  CHECK(work.run("mlrun translate t.yaml").code == 2);
  const Answer trained = work.run("mlrun train t.yaml");
  CHECK_MESSAGE(trained.code == 0, trained.err);
  const Answer answer = work.run("mlrun translate t.yaml --beam 2");
  CHECK_MESSAGE(answer.code == 0, answer.err);
  CHECK_MESSAGE(holds(answer.out, "of 12 sentences, beam 2"), answer.out);
  CHECK(work.has("results/t/translations.h5"));
  const Answer wide = work.run("mlrun translate t.yaml --beam 200");
  CHECK_MESSAGE(wide.code == 0, wide.err);
  const Answer wider = work.run("mlrun translate t.yaml --beam 1000000");
  CHECK(wider.code == 2);
  CHECK_MESSAGE(holds(wider.err, "must be a whole number from 1 to 1000, not '1000000'"),
                wider.err);
  CHECK(work.run("mlrun translate t.yaml --text ja").code == 0);
  const Answer empty = work.run("mlrun translate t.yaml --text ''");
  CHECK(empty.code == 2);
  CHECK(empty.err == "mlrun: error: --text holds no token\n");
  const std::string word = work.run("mlrun translate t.yaml --text ja").out;
  const std::string sentence = work.run("mlrun translate t.yaml --text nein").out;
  work.write("new.txt", "ja\r\n\nnein");
  CHECK(work.run("mlrun translate t.yaml --lines new.txt").out == word + "\n" + sentence);
  CHECK(work.run("mlrun translate t.yaml --lines - < new.txt").out == word + "\n" + sentence);
  const Answer gone = work.run("mlrun translate t.yaml --lines gone.txt");
  CHECK(gone.code == 2);
  CHECK(gone.err == "mlrun: error: --lines: open 'gone.txt': No such file or directory\n");
  CHECK(holds(work.run("mlrun translate moons.yaml").err, "no model"));
  CHECK(work.run("mlrun train moons.yaml").code == 0);
  CHECK(holds(work.run("mlrun translate moons.yaml").err,
              "only a model of parallel text translates; set dataset.parallel"));
}
