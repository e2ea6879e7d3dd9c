// mlrun predict: codes, anomaly scores and samples of trained models.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>

#include "base/file.h"
#include "scratch_folder.h"
#include "store/hdf5.h"
#include "store/model_file.h"
#include "trials/program.h"

using namespace mlrun;
using test::run_program;

namespace {

constexpr const char* kAutoencoder = R"(
name: code
dataset: {generate: {make_moons: {n_samples: 1500, noise: 0.1}}, standardize: true}
model:
  - Dense: {units: 2, activation: tanh, name: code}
  - Dense: 2
train: {target: input, loss: mse, optimizer: Adam, epochs: 2}
)";

constexpr const char* kGan = R"(
name: gan
dataset: {generate: {make_moons: {n_samples: 300}}}
model:
  GAN: {latent: 3, conditional: true, generator: [Dense: 2], discriminator: [Dense: 1]}
train: {loss: non_saturating, optimizer: Adam, epochs: 1}
)";

// What its weights would not tell: the cell that wins is not the experiment as written.
constexpr const char* kMoons = R"(
name: moons
dataset: {generate: {make_moons: {n_samples: 300}}, split: {test: 0.2}}
model: [Dense: {units: 8, activation: linear}, Dense: {units: 1, activation: sigmoid}]
train: {loss: binary_crossentropy, optimizer: {Adam: {learning_rate: 0.03}}, epochs: 20}
cv: {n_splits: 2}
param_grid: {model.0.activation: [tanh]}
predictions: all
)";

constexpr const char* kLinks = R"(
name: links
dataset: {source: ./nodes.csv, graph: {edges: edges.txt, predict: links}, split: {test: 0.25}}
model:
  - GCNConv: {units: 4, name: nodes}
  - LinkEmbedding: {method: concat}
  - Dense: {units: 1, activation: sigmoid}
train: {loss: binary_crossentropy, optimizer: Adam, epochs: 30, validation_split: 0.25}
cv: {n_splits: 2}
param_grid: {train.optimizer.learning_rate: [0.03, 1e-7]}
predictions: all
)";

// A table of numbers with gaps, of colours, and of what depends on them.
constexpr const char* kTable = R"(
name: table
dataset: {source: ./table.csv, target: size, impute: mean, standardize: true, standardize_target: true}
model:
  - Dense: {units: 8, activation: tanh, name: trunk}
  - Dense: {units: 2, activation: softmax, name: kind, inputs: [trunk]}
  - Dense: {units: 1, name: size, inputs: [trunk]}
train:
  loss: mse
  outputs: {kind: {loss: sparse_categorical_crossentropy, columns: [kind]}}
  optimizer: Adam
  epochs: 5
  validation_split: 0.2
)";

// A column of texts, most of which are numbers.
constexpr const char* kLevels = R"(
name: levels
dataset: {source: ./levels.csv, target: way, standardize: true}
model: [Dense: {units: 1, activation: sigmoid}]
train: {loss: binary_crossentropy, optimizer: Adam, epochs: 3}
)";

void write_table(const std::string& path) {
  std::ofstream file(path);
  file << "x,z,colour,kind,size\n";
  for (int i = 0; i < 30; ++i) {
    file << i << ',' << (i == 4 ? "" : std::to_string(i % 7)) << ','
         << (i % 3 == 0   ? "red"
             : i % 3 == 1 ? "green"
                          : "blue")
         << ',' << (i % 2 == 0 ? "even" : "odd") << ',' << 100 + 3 * i << '\n';
  }
}

class PredictFolder {
 public:
  explicit PredictFolder(const char* text) { std::ofstream(folder_ / "run.yaml") << text; }

  int run(std::vector<std::string> words) {
    words.insert(words.begin() + 1, (folder_ / "run.yaml").string());
    return run_program(std::move(words), folder_ / "log");
  }
  std::string at(const char* name) const { return (folder_ / name).string(); }
  std::string log() const { return read_file(folder_ / "log"); }

 private:
  ScratchFolder folder_;
};

// Searches, and predicts what the final fit has scored: `count` held-out rows.
void check_held_out(PredictFolder& folder, int count) {
  REQUIRE_MESSAGE(folder.run({"gridsearch", "-o", folder.at("out")}) == 0, folder.log());
  REQUIRE(folder.run(
              {"predict", "--model", folder.at("out/model.h5"), "-o", folder.at("score.h5")}) == 0);
  const auto predicted = store::File::open(folder.at("score.h5")).array("score").read<float>();
  const store::File results = store::File::open(folder.at("out/results.h5"));
  const store::Group stored = results.group("predictions");
  const auto fold = stored.array("fold").read<int32_t>();
  const auto row = stored.array("row").read<int64_t>();
  const auto score = stored.array("score_0").read<float>();
  int held_out = 0;
  for (size_t i = 0; i < fold.size(); ++i) {
    if (fold[i] != -1) continue;  // of the final fit
    ++held_out;
    CHECK(score[i] == predicted[static_cast<size_t>(row[i])]);
  }
  CHECK(held_out == count);
}

}  // namespace

TEST_CASE("predict: a layer's output becomes the features of another experiment") {
  PredictFolder folder(kAutoencoder);
  REQUIRE(folder.run({"train", "-o", folder.at("out")}) == 0);
  const std::string model = folder.at("out/model.h5");
  REQUIRE(folder.run(
              {"predict", "--model", model, "--layer", "code", "-o", folder.at("code.h5")}) == 0);
  const store::File file = store::File::open(folder.at("code.h5"));
  CHECK(file.array("code").info().shape == store::Extent{1500, 2});
  CHECK(file.array("label").read_strings().size() == 1500);
  std::ofstream(folder.at("probe.yaml")) << R"(
dataset: {source: ./code.h5, target: label, features: [code]}
model: [Dense: {units: 1, activation: sigmoid}]
train: {loss: binary_crossentropy, optimizer: Adam, epochs: 2, metrics: [accuracy]}
)";
  CHECK(run_program({"train", folder.at("probe.yaml"), "-o", folder.at("probe")},
                    folder.at("log")) == 0);
}

TEST_CASE("predict: rows are scored by their reconstruction error; a layer must be there") {
  PredictFolder folder(kAutoencoder);
  REQUIRE(folder.run({"train", "-o", folder.at("out")}) == 0);
  const std::string model = folder.at("out/model.h5");
  REQUIRE(folder.run({"predict", "--model", model, "-o", folder.at("score.h5")}) == 0);
  const store::File file = store::File::open(folder.at("score.h5"));
  CHECK(file.array("score").info().shape == store::Extent{1500});
  CHECK(folder.run({"predict", "--model", model, "--layer", "cod", "-o", folder.at("x.h5")}) == 2);
  CHECK(folder.log().find("no layer 'cod'; did you mean 'code'?") != std::string::npos);
  CHECK(folder.run({"predict", "--model", folder.at("no.h5"), "-o", folder.at("x.h5")}) == 2);
}

TEST_CASE("predict: the model and its training are those of the model file") {
  PredictFolder folder(kLevels);
  std::ofstream(folder.at("levels.csv"))
      << "x,level,way\n1,2,up\n2,1,down\n3,2,up\n4,1,up\n5,2,down\n"
         "6,1,up\n7,2,down\n8,1,down\n9,2,up\n10,1,up\n";
  const auto scores = [&](std::vector<std::string> words) {
    words.insert(words.end(), {"-o", folder.at("scores.h5"), "--model", folder.at("out/model.h5")});
    REQUIRE_MESSAGE(folder.run(std::move(words)) == 0, folder.log());
    return store::File::open(folder.at("scores.h5")).array("score").read<float>();
  };
  REQUIRE(folder.run({"train", "model.0.activation=tanh", "train.loss=hinge", "-o",
                      folder.at("out")}) == 0);
  const std::vector<float> known =
      scores({"predict", "model.0.activation=tanh", "train.loss=hinge"});
  CHECK(folder.log().find("model and train are those of") == std::string::npos);
  for (const char* setting : {"seed=0", "model.0.units=3", "dataset.normalize=l2"}) {
    CHECK(scores({"predict", setting}) == known);
    CHECK(folder.log().find("model and train are those of") != std::string::npos);
  }
}

TEST_CASE("predict: after a search by the model of its best cell") {
  PredictFolder folder(kMoons);
  check_held_out(folder, 60);
  CHECK(folder.log().find("model and train are those of") != std::string::npos);
}

// Which links are validated is drawn by the cell, and messages run along the others.
TEST_CASE("predict: links of the cell that won") {
  PredictFolder folder(kLinks);
  std::ofstream nodes(folder.at("nodes.csv"));
  std::ofstream edges(folder.at("edges.txt"));
  nodes << "a,b\n";
  for (int i = 0; i < 24; ++i) {
    nodes << i % 5 << ',' << (7 * i) % 11 << '\n';
    edges << i << ' ' << (i + 1) % 24 << '\n' << i << ' ' << (i + 5) % 24 << '\n';
  }
  nodes.close();
  edges.close();
  check_held_out(folder, 24);
  CHECK(store::read_model(folder.at("out/model.h5")).scalars.at("cell") == 1);
}

TEST_CASE("predict: samples of a conditional GAN, with their classes in turn") {
  PredictFolder folder(kGan);
  REQUIRE(folder.run({"train", "-o", folder.at("out")}) == 0);
  REQUIRE(folder.run({"predict", "--model", folder.at("out/model.h5"), "--samples", "7", "-o",
                      folder.at("samples.h5")}) == 0);
  const store::File file = store::File::open(folder.at("samples.h5"));
  CHECK(file.array("sample").info().shape == store::Extent{7, 2});
  CHECK(file.array("label").read_strings() ==
        std::vector<std::string>{"0", "1", "0", "1", "0", "1", "0"});
}

TEST_CASE("predict: other data are seen as the training data were, with or without targets") {
  PredictFolder folder(kTable);
  write_table(folder.at("table.csv"));
  REQUIRE_MESSAGE(folder.run({"train", "-o", folder.at("out")}) == 0, folder.log());
  const auto predict = [&](const std::string& rows) {
    std::ofstream(folder.at("other.csv")) << rows;
    return folder.run({"predict", "dataset.source=" + folder.at("other.csv"), "--model",
                       folder.at("out/model.h5"), "-o", folder.at("other.h5")});
  };
  const auto scores = [&](const char* file, const char* array) {
    return store::File::open(folder.at(file)).array(array).read<float>();
  };
  REQUIRE(folder.run(
              {"predict", "--model", folder.at("out/model.h5"), "-o", folder.at("all.h5")}) == 0);
  const std::vector<float> all = scores("all.h5", "score");
  const std::vector<float> kinds = scores("all.h5", "score_kind");
  CHECK(*std::max_element(all.begin(), all.end()) > 50);  // in the unit of the table

  REQUIRE_MESSAGE(predict("x,z,colour\n20,6,blue\n4,,green\n") == 0, folder.log());
  CHECK(scores("other.h5", "score") == std::vector<float>{all[20], all[4]});
  CHECK(scores("other.h5", "score_kind") ==
        std::vector<float>{kinds[40], kinds[41], kinds[8], kinds[9]});
  CHECK_FALSE(store::File::open(folder.at("other.h5")).contains("target"));

  REQUIRE_MESSAGE(predict("x,z,colour,kind,size\n20,6,blue,odd,7\n") == 0, folder.log());
  CHECK(scores("other.h5", "score") == std::vector<float>{all[20]});
  CHECK(scores("other.h5", "target") == std::vector<float>{7});

  // Where no value was missing in the training, something stands in as well.
  const std::vector<float> fill =
      store::File::open(folder.at("out/model.h5")).array("preprocessing/fill").read<float>();
  REQUIRE_MESSAGE(predict("x,z,colour\n,1,red\n1,1,\n") == 0, folder.log());
  const std::vector<float> filled = scores("other.h5", "score");
  const std::string colour = std::array{"red", "green", "blue"}.at(static_cast<size_t>(fill[2]));
  REQUIRE(predict(fmt::format("x,z,colour\n{},1,red\n1,1,{}\n", fill[0], colour)) == 0);
  CHECK(scores("other.h5", "score") == filled);

  std::ofstream(folder.at("unit.csv")) << "x,z,colour\n200,60,blue\n";  // ten times as large
  REQUIRE(folder.run({"predict", "dataset.source=" + folder.at("unit.csv"), "dataset.rescale=0.1",
                      "--model", folder.at("out/model.h5"), "-o", folder.at("unit.h5")}) == 0);
  CHECK(scores("unit.h5", "score").at(0) == doctest::Approx(all[20]).epsilon(1e-5));

  const auto refused = [&](const std::string& rows, const std::string& why) {
    CHECK(predict(rows) == 2);
    CHECK_MESSAGE(folder.log().find(why) != std::string::npos, folder.log());
  };
  refused("x,z,colour\n1,1,violet\n", "column 'colour' holds 'violet', which the model was not");
  refused("x,z\n1,1\n",
          "the data have 2 features, but the model was trained on 3; 'colour' is missing");
  refused("x,z,colour,more\n1,1,red,2\n",
          "the data have 4 features, but the model was trained on 3; 'more' is unknown to it: "
          "dataset.ignore=more leaves it out");
  refused("x,y,colour\n1,1,red\n",
          "feature 1 of the data is 'y', but the model was trained on 'z' there");
  refused("x,z,colour\n1,1,3\n", "column 'colour' holds '3', which the model was not trained on");
  refused("x,z,colour\nred,1,red\n", "column 'x' is text in the data, but the model was trained");
}

TEST_CASE("predict: texts have the tokens of the model") {
  PredictFolder folder(R"(
name: letters
dataset: {source: ./seen.txt, format: text, window: 4}
model:
  - Embedding: {input_dim: 5, output_dim: 3}
  - Dense: 5
train: {loss: {sparse_categorical_crossentropy: {from_logits: true}}, optimizer: Adam, epochs: 1}
)");
  const auto write = [&](const char* file, const std::string& text) {
    std::ofstream(folder.at(file)) << text;
  };
  write("seen.txt", "abcdeabcdeabcde");
  write("part.txt", "deabcdeab");  // from the fourth letter on; the first row is without c
  write("other.txt", "abcdexabcde");
  REQUIRE_MESSAGE(folder.run({"train", "-o", folder.at("out")}) == 0, folder.log());
  const auto predict = [&](const char* file) {
    return folder.run({"predict", "dataset.source=" + folder.at(file), "--model",
                       folder.at("out/model.h5"), "-o", folder.at("scores.h5")});
  };
  const auto score_of = [&](size_t row) {
    const std::vector<float> all =
        store::File::open(folder.at("scores.h5")).array("score").read<float>();
    return std::vector<float>(all.begin() + static_cast<long>(20 * row),
                              all.begin() + static_cast<long>(20 * (row + 1)));
  };
  REQUIRE_MESSAGE(predict("seen.txt") == 0, folder.log());
  const std::vector<float> second = score_of(1);  // eabc
  REQUIRE_MESSAGE(predict("part.txt") == 0, folder.log());
  const std::vector<float> first = score_of(0);  // deab
  CHECK(std::equal(second.begin(), second.begin() + 15, first.begin() + 5));
  CHECK(predict("other.txt") == 2);
  CHECK_MESSAGE(
      folder.log().find("the text holds 'x', which the tokens do not know") != std::string::npos,
      folder.log());
}

TEST_CASE("predict: documents have the tokens of the model, and may be of one class") {
  PredictFolder folder(R"(
name: moods
dataset: {source: ./seen.txt, format: documents, length: 3, tokens: {words: {vocabulary: 20}}}
model:
  - Embedding: {input_dim: 6, output_dim: 3}
  - GlobalAveragePooling1D
  - Dense: {units: 1, activation: sigmoid}
train: {loss: binary_crossentropy, optimizer: Adam, epochs: 1}
)");
  std::ofstream(folder.at("seen.txt")) << "up good day\ndown bad night\nup good\ndown bad\n";
  std::ofstream(folder.at("new.txt")) << "down night bad news\ndown bad night\n";
  REQUIRE_MESSAGE(folder.run({"train", "-o", folder.at("out")}) == 0, folder.log());
  const auto predict = [&](const char* file) {
    REQUIRE_MESSAGE(folder.run({"predict", "dataset.source=" + folder.at(file), "--model",
                                folder.at("out/model.h5"), "-o", folder.at("scores.h5")}) == 0,
                    folder.log());
    return store::File::open(folder.at("scores.h5")).array("score").read<float>();
  };
  const float known = predict("seen.txt").at(1);
  CHECK(predict("new.txt").at(1) == known);

  // Without classes: none of the first words is one that the model knows.
  std::ofstream(folder.at("bare.txt")) << "good day\n bad night\n";
  const std::vector<float> with_classes = {predict("seen.txt").at(0), known};
  CHECK(predict("bare.txt") == with_classes);
  CHECK_FALSE(store::File::open(folder.at("scores.h5")).contains("label"));
  std::ofstream(folder.at("mixed.txt")) << "up good day\nbad night\n";
  CHECK(folder.run({"predict", "dataset.source=" + folder.at("mixed.txt"), "--model",
                    folder.at("out/model.h5")}) == 2);
  CHECK(folder.log().find("some lines begin with a class of the model (down, up), and one with "
                          "'bad'") != std::string::npos);
}

TEST_CASE("predict: the last window and what generate says next are of the end of the series") {
  PredictFolder folder(R"(
name: series
dataset: {source: ./rows.csv, target: y, window: {look_back: 4, horizon: 1, stride: 5}}
model: [Flatten, Dense: 1]
train: {loss: mse, optimizer: SGD, epochs: 1}
)");
  std::ofstream rows(folder.at("rows.csv"));
  rows << "y\n";
  for (int i = 0; i < 32; ++i) rows << std::sin(i) << '\n';
  rows.close();
  REQUIRE_MESSAGE(folder.run({"train", "-o", folder.at("out")}) == 0, folder.log());
  REQUIRE(folder.run({"predict", "--model", folder.at("out/model.h5"), "-o",
                      folder.at("scores.h5")}) == 0);
  const float next = store::File::open(folder.at("scores.h5")).array("score").read<float>().back();
  REQUIRE(folder.run({"generate", "--model", folder.at("out/model.h5"), "--length", "1"}) == 0);
  CHECK_MESSAGE(folder.log().ends_with(fmt::format("y\n{}\n", next)), folder.log());
}

TEST_CASE("predict: arrays of another layout are refused") {
  PredictFolder folder(R"(
name: layouts
dataset: {source: ./seen.h5, target: y}
model: [Flatten, Dense: 1]
train: {loss: mse, optimizer: SGD, epochs: 1}
)");
  const auto write = [&](const char* file, const store::Extent& shape) {
    store::File table = store::File::create(folder.at(file));
    table.write<float>("x", shape, std::vector<float>(24, 0.5f));
    table.write<float>("y", {2}, std::vector<float>{1, 2});
    table.close();
  };
  write("seen.h5", {2, 3, 4});
  write("transposed.h5", {2, 4, 3});
  write("flat.h5", {2, 12});
  REQUIRE_MESSAGE(folder.run({"train", "-o", folder.at("out")}) == 0, folder.log());
  const auto predict = [&](const char* file) {
    return folder.run({"predict", "dataset.source=" + folder.at(file), "--model",
                       folder.at("out/model.h5"), "-o", folder.at("scores.h5")});
  };
  CHECK(predict("seen.h5") == 0);
  CHECK_MESSAGE(predict("flat.h5") == 0, folder.log());
  CHECK(predict("transposed.h5") == 2);
  CHECK(folder.log().find("a sample of the data is (4, 3), but the model was trained on (3, 4)") !=
        std::string::npos);
  CHECK(folder.run({"check", "dataset.shape=[4, 3]"}) == 2);
  CHECK(folder.log().find("shape [4, 3] would not transpose the samples, which are [3, 4]") !=
        std::string::npos);
}

TEST_CASE("predict: arrays are found by their names") {
  PredictFolder folder(R"(
name: arrays
dataset: {source: ./seen.h5, target: y}
model: [Dense: 1]
train: {loss: mse, optimizer: SGD, epochs: 1}
)");
  const auto write = [&](const char* file, const char* name) {
    store::File table = store::File::create(folder.at(file));
    table.write<float>(name, {3, 2}, std::vector<float>{1, 2, 3, 4, 5, 6});
    table.write<float>("y", {3}, std::vector<float>{1, 2, 3});
    table.close();
  };
  write("seen.h5", "x");
  write("same.h5", "x");
  write("other.h5", "z");
  REQUIRE_MESSAGE(folder.run({"train", "-o", folder.at("out")}) == 0, folder.log());
  const auto predict = [&](const char* file) {
    return folder.run({"predict", "dataset.source=" + folder.at(file), "--model",
                       folder.at("out/model.h5"), "-o", folder.at("scores.h5")});
  };
  CHECK(predict("same.h5") == 0);
  CHECK(predict("other.h5") == 2);
  CHECK(folder.log().find("is 'z[0]', but the model was trained on 'x[0]'") != std::string::npos);
}

TEST_CASE("predict: what columns are is known from the model, not told from the rows") {
  PredictFolder folder(kLevels);
  const auto row = [](int i, const char* order) {
    const std::array<std::string, 3> cells = {
        std::to_string(i), std::array{"1.0", "2", "A", ""}[static_cast<size_t>(i) % 4],
        i % 3 == 0 ? "up" : "down"};
    std::string line;
    for (const char* at = order; *at; ++at) {
      line += (line.empty() && at == order ? "" : ",") + cells[static_cast<size_t>(*at - '0')];
    }
    return line + "\n";
  };
  std::ofstream all(folder.at("levels.csv"));
  all << "x,level,way\n";
  for (int i = 0; i < 24; ++i) all << row(i, "012");
  all.close();
  REQUIRE_MESSAGE(folder.run({"train", "-o", folder.at("out")}) == 0, folder.log());
  const auto scores = [&](const char* file) {
    return store::File::open(folder.at(file)).array("score").read<float>();
  };
  REQUIRE(folder.run(
              {"predict", "--model", folder.at("out/model.h5"), "-o", folder.at("all.h5")}) == 0);
  const std::vector<float> known = scores("all.h5");
  const auto predict = [&](const std::string& text) {
    std::ofstream(folder.at("other.csv")) << text;
    REQUIRE_MESSAGE(folder.run({"predict", "dataset.source=" + folder.at("other.csv"), "--model",
                                folder.at("out/model.h5"), "-o", folder.at("other.h5")}) == 0,
                    folder.log());
    return scores("other.h5");
  };
  const auto labels = [&] {
    return store::File::open(folder.at("other.h5")).array("label").read_strings();
  };
  for (int i = 0; i < 8; ++i) {
    const std::vector<float> one = {known[static_cast<size_t>(i)]};
    CHECK(predict("x,level,way\n" + row(i, "012")) == one);  // of one class, as any one row
    CHECK(predict("way,level,x\n" + row(i, "210")) == one);
    CHECK(predict("level,x\n" + row(i, "10")) == one);
  }
  CHECK(predict("level,way,x\n" + row(9, "120") + row(4, "120") + row(0, "120")) ==
        std::vector<float>{known[9], known[4], known[0]});  // levels 1.0 and 2 only
  CHECK(predict("x,level,way\n" + row(3, "012") + row(7, "012")) ==
        std::vector<float>{known[3], known[7]});  // no level at all
  CHECK(predict("x,level,way\n0,1.0,sideways\n1,2,\n") == std::vector<float>{known[0], known[1]});
  CHECK(labels() == std::vector<std::string>{"sideways", ""});
  std::ofstream(folder.at("other.csv")) << "x,level,way\n,2,up\n";
  CHECK(folder.run({"predict", "dataset.source=" + folder.at("other.csv"), "--model",
                    folder.at("out/model.h5"), "-o", folder.at("other.h5")}) == 2);
  CHECK_MESSAGE(
      folder.log().find("column 'x' has 1 missing values, and none was missing in what") !=
          std::string::npos,
      folder.log());
}
