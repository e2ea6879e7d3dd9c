// Results on stdout, and everything else on stderr.
#include <doctest/doctest.h>

#include "workspace.h"

using mlrun::test::Answer;
using mlrun::test::holds;
using mlrun::test::Workspace;

namespace {

bool has_python(const Workspace& work) {
  const bool found = work.run("python3 -c 'import csv, json'").code == 0;
  if (!found) MESSAGE("skipped: no python3");
  return found;
}

// Reads the format from stdin as Python does; prints the number of rows and the columns.
constexpr const char* kReadJson =
    " | python3 -c 'import json, sys; r = json.load(sys.stdin); print(len(r), *r[0])'";
constexpr const char* kReadCsv =
    " | python3 -c 'import csv, sys; r = list(csv.DictReader(sys.stdin)); print(len(r), *r[0])'";

}  // namespace

TEST_CASE("cli: times of today are learned from, and shown with all their digits") {
  const Workspace work;
  std::string rows = "t,y\n";
  for (int i = 0; i < 1000; ++i) {
    rows += std::to_string(1700000000 + 5 * i) + ',' + std::to_string(i) + '\n';
  }
  work.write("times.csv", rows);
  work.write("times.yaml", R"(
dataset: {source: ./times.csv, target: y, split: {test: 0.25}, standardize: true, standardize_target: true}
model: [Dense: 1]
train: {loss: mse, optimizer: {SGD: {learning_rate: 0.05}}, epochs: 30, metrics: [r2]}
)");
  const Answer trained = work.run("mlrun train times.yaml --format csv");
  REQUIRE_MESSAGE(trained.code == 0, trained.err);
  const size_t at = trained.out.find("r2,");
  REQUIRE(at != std::string::npos);
  CHECK(std::stod(trained.out.substr(trained.out.find(',', at + 3) + 1)) > 0.9999);
  const Answer inspect = work.run("mlrun data inspect ./times.csv");
  CHECK_MESSAGE(holds(inspect.out, " 1700000000  1700002498  1700004995\n"), inspect.out);
}

TEST_CASE("cli: folds that cut through groups are warned of") {
  const Workspace work;
  std::string rows = "x,patient,y\n";
  for (int i = 0; i < 40; ++i) {
    rows += std::to_string(i) + ',' + std::to_string(i / 4) + (i % 2 ? ",a\n" : ",b\n");
  }
  work.write("visits.csv", rows);
  work.write("visits.yaml", R"(
dataset: {source: ./visits.csv, target: y, group: patient, standardize: true}
model: [Dense: {units: 1, activation: sigmoid}]
train: {loss: binary_crossentropy, optimizer: Adam}
cv: {n_splits: 2}
)");
  const std::string rest =
      " deals the rows of one group to training and test folds, so that scores may be too good; "
      "set "
      "cv.strategy: GroupKFold to keep groups together, or leave out dataset.group\n";
  CHECK(work.run("mlrun check visits.yaml").err == "warning: KFold" + rest);
  CHECK(work.run("mlrun check visits.yaml cv.stratify=true").err ==
        "warning: StratifiedKFold" + rest);
  CHECK(holds(work.run("mlrun train visits.yaml").err, "warning: KFold" + rest));
  CHECK(holds(work.run("mlrun gridsearch visits.yaml -o grid").err, "warning: KFold" + rest));
  CHECK(work.run("mlrun check visits.yaml cv.strategy=GroupKFold").err == "");
  CHECK(work.run("mlrun check visits.yaml dataset.ignore=[patient] dataset.group=null").err == "");
}

TEST_CASE("cli: a ranking by losses that measure different things is warned of") {
  const Workspace work;
  const auto err = [&](const std::string& grid, const std::string& scoring) {
    return work.run("mlrun check grid.yaml 'param_grid={" + grid + "}' scoring=" + scoring).err;
  };
  CHECK(err("train.loss: [binary_crossentropy, hinge]", "loss") ==
        "warning: cells are ranked by the loss, but train.loss changes what it measures; set "
        "scoring to a metric\n");
  CHECK(err("train.loss: [binary_crossentropy, hinge]", "accuracy") == "");
  CHECK(err("model.0.units: [4, 8]", "loss") == "");
}

TEST_CASE("cli: a value that a grid has twice is warned of") {
  const Workspace work;
  const std::string grid = " 'param_grid={model.0.units: [4, 8, 4]}'";
  CHECK(work.run("mlrun check grid.yaml" + grid).err ==
        "warning: param_grid has 4 twice for model.0.units; to see what chance does, train with "
        "several seeds\n");
  CHECK(work.run("mlrun train grid.yaml -q" + grid).err == "");
}

TEST_CASE("cli: a text that names the rows is warned of") {
  const Workspace work;
  std::string rows = "id,kind,x,y\n";
  for (int i = 0; i < 40; ++i) {
    rows += "r" + std::to_string(i) + (i % 3 ? ",a," : ",b,") + std::to_string(i % 7) + ",1\n";
  }
  work.write("named.csv", rows);
  work.write("named.yaml",
             "dataset: {source: ./named.csv, target: y}\nmodel: [Dense: 1]\n"
             "train: {loss: mse, optimizer: SGD}\n");
  CHECK(work.run("mlrun check named.yaml").err ==
        "warning: column 'id' has 40 different texts in 40 rows, and each becomes a feature; if it "
        "names the rows, put it under dataset.ignore; sentences are read with format: documents\n");
  CHECK(work.run("mlrun check named.yaml dataset.ignore=id").err == "");
}

TEST_CASE("cli: numbers with a decimal comma are warned of") {
  const Workspace work;
  work.write("commas.csv", "a;b;y\n1,5;2;1\n-0,25;3;2\n1,5;4;3\n");
  work.write("commas.yaml",
             "dataset: {source: ./commas.csv, target: y}\nmodel: [Dense: 1]\n"
             "train: {loss: mse, optimizer: SGD}\n");
  CHECK(work.run("mlrun check commas.yaml").err ==
        "warning: column 'a' is of texts such as '-0,25': numbers have a decimal point, not a "
        "comma\n");
}

TEST_CASE("cli: a fold that lacks a class is warned of") {
  const Workspace work;
  std::string rows = "x,y\n";
  for (int i = 0; i < 30; ++i) rows += std::to_string(i) + (i < 10 ? ",a\n" : ",b\n");
  work.write("sorted.csv", rows);
  work.write("sorted.yaml", R"(
dataset: {source: ./sorted.csv, target: y}
model: [Dense: {units: 1, activation: sigmoid}]
train: {loss: binary_crossentropy, optimizer: SGD, epochs: 1}
cv: {n_splits: 3}
param_grid: {train.batch_size: [4, 8]}
)");
  CHECK(work.run("mlrun check sorted.yaml").err ==
        "warning: fold 0 has no training row of class 'a'; cv.stratify deals each class to all "
        "folds\n");
  CHECK(work.run("mlrun check sorted.yaml cv.stratify=true").err == "");
  CHECK(work.run("mlrun check sorted.yaml cv.shuffle=true").err == "");
}

TEST_CASE("cli: padding that is scaled before it is masked is warned of") {
  const Workspace work;
  std::string rows = "a,b,c,d,y\n";
  for (int i = 0; i < 20; ++i) {
    rows += std::to_string(i % 5 - 1) + ",2," + (i % 2 ? "0,0,p\n" : "1,1,q\n");
  }
  work.write("steps.csv", rows);
  work.write("steps.yaml", R"(
dataset: {source: ./steps.csv, target: y, standardize: true, shape: [2, 2]}
model: [Masking: 0, LSTM: 2, Dense: {units: 1, activation: sigmoid}]
train: {loss: binary_crossentropy, optimizer: Adam}
)");
  const auto doubt = [](const std::string& scaling) {
    return "warning: Masking sees the features as dataset." + scaling +
           " has made them, where padding of 0 is another number and counts as a step; leave out "
           "dataset." +
           scaling + ", or scale by a BatchNormalization behind Masking\n";
  };
  CHECK(work.run("mlrun check steps.yaml").err == doubt("standardize"));
  CHECK(holds(work.run("mlrun train steps.yaml").err, doubt("standardize")));
  const std::string check = "mlrun check steps.yaml dataset.standardize=false ";
  CHECK(work.run(check).err == "");
  CHECK(work.run(check + "dataset.min_max=true").err == doubt("min_max"));
  CHECK(work.run(check + "dataset.min_max=true dataset.features=[b,c,d] dataset.shape=[3,1]").err ==
        "");
}

TEST_CASE("cli: a split of groups that is to be stratified is refused where it says so") {
  const Workspace work;
  work.write("visits.csv", "x,patient,y\n1,p,a\n2,p,b\n3,q,a\n4,q,b\n5,r,a\n6,r,b\n");
  work.write("visits.yaml", R"(
dataset:
  source: ./visits.csv
  target: y
  group: patient
  split: {test: 0.3, stratify: true}
model: [Dense: {units: 1, activation: sigmoid}]
train: {loss: binary_crossentropy, optimizer: Adam}
)");
  for (const char* verb : {"check", "train"}) {
    const Answer answer = work.run(std::string("mlrun ") + verb + " visits.yaml");
    CHECK(answer.code == 2);
    CHECK(
        answer.err ==
        "visits.yaml:6:32: error: split.stratify does not go with dataset.group, whose groups are "
        "held out as a whole; leave one of them out\n"
        "  split: {test: 0.3, stratify: true}\n"
        "                               ^\n");
  }
  CHECK(work.run("mlrun check visits.yaml dataset.split.stratify=false").code == 0);
}

TEST_CASE("cli: --format json and csv are one table and nothing else") {
  const Workspace work;
  if (!has_python(work)) return;
  const std::string grid = "mlrun gridsearch grid.yaml --format ";
  const std::string ranking = "2 rank cell mean_test_auc std_test_auc parameters params\n";
  CHECK(work.run(grid + "json" + kReadJson).out == ranking);
  CHECK(work.run(grid + "csv" + kReadCsv).out == ranking);
  const std::string train = "mlrun train moons.yaml -o one --format ";
  CHECK(work.run(train + "json" + kReadJson).out == "3 score training test\n");
  CHECK(work.run(train + "csv" + kReadCsv).out == "3 score training test\n");
  work.write("points.csv", "a,\"b, \"\"c\"\"\",y\n1,2,0\n3,4,1\n");
  const std::string inspect = "mlrun data inspect ./points.csv --format ";
  CHECK(work.run(inspect + "json" + kReadJson).out ==
        "3 column kind missing classes min mean max\n");
  CHECK(work.run(inspect + "csv" + kReadCsv).out == "3 column kind missing classes min mean max\n");
  CHECK(
      holds(work.run("mlrun data list --format json" + std::string(kReadJson)).out, " name state"));
}

TEST_CASE("cli: readers that go, a stdout that is closed, a disk that is full") {
  const Workspace work;
  REQUIRE(work.run("mlrun gridsearch grid.yaml").code == 0);
  const Answer head = work.run("set -o pipefail; mlrun help | head -1");
  CHECK(head.code == 0);
  CHECK(head.err == "");
  CHECK(head.out == "experiment: One experiment file.\n");
  CHECK(work.run("mlrun gridsearch grid.yaml >&-").code == 0);
  CHECK(work.run("mlrun gridsearch grid.yaml -o closed >&- 2>&-").code == 0);
  CHECK(work.run("mlrun gridsearch grid.yaml -o closed").code == 0);
  const Answer full = work.run("mlrun gridsearch grid.yaml >/dev/full");
  CHECK(full.code == 1);
  CHECK(full.err == "mlrun: error: cannot write to stdout\n");
  CHECK(work.run("mlrun help >/dev/full").code == 1);
  for (const std::string blocks : {"1", "8"}) {  // of 1 KiB, for a file
    CAPTURE(blocks);
    const Answer limited = work.run("ulimit -f " + blocks + "; mlrun train moons.yaml -o limited");
    CHECK(limited.code == 1);
    CHECK(holds(limited.err, "File too large"));
    CHECK(holds(limited.err, " 'limited/"));
    CHECK(!holds(limited.err, " /:"));
  }
}

TEST_CASE("cli: what nobody reads on stderr is missed, and the work goes on") {
  const Workspace work;
  const std::string unread = "exec 2> >(:); wait $!; ";
  const std::string scale = "mlrun scale moons.yaml --counts 1 --repeats 2 -o study";
  const Answer scaled = work.run(unread + scale);
  CHECK(scaled.code == 0);
  CHECK(scaled.err == "");
  CHECK(work.has("study/results.h5"));
  const Answer again = work.run(scale);
  CHECK(again.out == scaled.out);
  CHECK(again.err == "");  // nothing was left to be measured
  const std::string train = "mlrun train moons.yaml -o one";
  const Answer trained = work.run(train);
  REQUIRE(trained.code == 0);
  for (const char* file : {"results.h5", "journal"}) {
    CAPTURE(file);
    REQUIRE(work.run(std::string("echo more >> one/") + file).code == 0);
    const Answer mended = work.run(unread + train);
    CHECK(mended.code == 0);
    CHECK(mended.out == trained.out);
    CHECK(work.has("one/results.h5"));
  }
  CHECK(work.has("one/results.h5.changed"));
  CHECK(work.has("one/journal.damaged"));
  CHECK(work.run(unread + "mlrun train absent.yaml").code == 2);
}

TEST_CASE("cli: a data cache that cannot be written says where another may be") {
  const Workspace work;
  work.write("points.csv", "a,b,y\n1,2,no\n3,4,yes\n");
  const Answer file = work.run("MLRUN_CACHE=points.csv/cache mlrun data import points.csv");
  CHECK(file.code == 1);
  CHECK(holds(file.err,
              "cannot write the data cache in 'points.csv/cache': Not a directory; "
              "MLRUN_CACHE names another folder for it"));
}

TEST_CASE("cli: data verbs list, import and inspect") {
  const Workspace work;
  CHECK(holds(work.run("mlrun data list").out, "fashion-mnist"));
  work.write("points.csv", "a,b,y\n1,2,no\n3,4,yes\n");
  const Answer import = work.run("mlrun data import ./points.csv --target y --classes");
  CHECK(import.code == 0);
  CHECK_MESSAGE(holds(import.out, "points"), import.out);
  CHECK(holds(work.run("mlrun data clean").out, "removed 0 of "));
  CHECK(work.run("mlrun data clean --unused-for soon").code == 2);
  const Answer inspect = work.run("mlrun data inspect ./points.csv --target y --classes");
  CHECK(inspect.code == 0);
  CHECK_MESSAGE(holds(inspect.out, "class no: 1 rows"), inspect.out);
  work.write("films.txt", "neg a bad film\npos good, good\n");
  const Answer documents =
      work.run("mlrun data inspect ./films.txt --read-as documents --format csv");
  CHECK_MESSAGE(
      documents.out == "column,kind,missing,classes,min,mean,max\ndocument,words,0,5,3,3,3\n",
      documents.out);
  CHECK(holds(work.run("mlrun data inspect ./films.txt --read-as documents").out,
              "class neg: 1 rows"));
  const Answer pairs = work.run("mlrun data inspect ./films.txt --translations ./films.txt");
  CHECK_MESSAGE(holds(pairs.out, "translation"), pairs.out);
  const Answer absent = work.run("mlrun data inspect ./none.csv");
  CHECK(absent.code == 2);
  CHECK_MESSAGE(holds(absent.err, "none.csv"), absent.err);
}
