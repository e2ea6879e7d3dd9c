// mlrun train and gridsearch as a user meets them: folders, exit codes, settings, interruptions.
// What a run promises under SIGKILL is in trials/robustness_test.cpp.
#include <doctest/doctest.h>

#include "workspace.h"

using mlrun::test::Answer;
using mlrun::test::holds;
using mlrun::test::Workspace;

namespace {

std::string failure(const Answer& answer) {
  return "exit code " + std::to_string(answer.code) + "\n" + answer.out + answer.err;
}

}  // namespace

TEST_CASE("cli: the same command again prints the same and runs nothing") {
  const Workspace work;
  const Answer first = work.run("mlrun gridsearch grid.yaml");
  CHECK_MESSAGE(first.code == 0, failure(first));
  CHECK(holds(first.err, "[7/7] 100%"));
  CHECK(holds(first.out, "final fit of the best cell"));
  for (const char* name : {"results.h5", "model.h5", "experiment.yaml", "journal", "log.txt"}) {
    CAPTURE(name);
    CHECK(work.has(std::string("results/moons/") + name));
  }
  const Answer second = work.run("mlrun gridsearch grid.yaml");
  CHECK(second.code == 0);
  CHECK(second.err == "");
  CHECK(second.out == first.out);
}

TEST_CASE("cli: a search in bf16 is another experiment than one in float32") {
  const Workspace work;
  const Answer answer = work.run("mlrun gridsearch grid.yaml train.precision=bf16 -o out");
  CHECK_MESSAGE(answer.code == 0, failure(answer));
  CHECK(holds(work.read("out/experiment.yaml"), "precision: bf16\n"));
  CHECK(holds(work.run("mlrun gridsearch grid.yaml -o out").err,
              "train.precision: bf16 there, float32 here\n"));
}

TEST_CASE("cli: another experiment is refused with what differs, or replaced on request") {
  const Workspace work;
  CHECK(work.run("mlrun train moons.yaml -o out").code == 0);
  const Answer refused = work.run("mlrun train moons.yaml model.0.units=9 --seed 4 -o out");
  CHECK(refused.code == 2);
  CHECK(refused.out == "");
  CHECK(refused.err ==
        "mlrun: error: 'out' holds the results of another experiment:\n"
        "  seed: 3 there, 4 here\n"
        "  model.0.Dense.units: 8 there, 9 here\n"
        "use another folder (-o) or --overwrite\n");
  CHECK(work.run("mlrun train moons.yaml -q -o out").code == 0);  // nothing was lost
  CHECK(work.run("mlrun train moons.yaml --seed 4 -o out --overwrite").code == 0);
  CHECK(holds(work.read("out/experiment.yaml"), "seed: 4\n"));
}

TEST_CASE("cli: --dry-run says what would run and writes nothing") {
  const Workspace work;
  const Answer answer = work.run("mlrun gridsearch grid.yaml --dry-run -j1");
  CHECK(answer.code == 0);
  CHECK(answer.out ==
        "moons: 2 cells x 3 folds + 1 final fit = 7 trainings, into results/moons\n"
        "devices: cpu: 1 workers x 1 threads\n");
  CHECK(!work.has("results"));
}

TEST_CASE("cli: --dry-run says what is wrong with the folder") {
  const Workspace work;
  REQUIRE(work.run("mlrun train moons.yaml -q -o out").code == 0);
  const std::string results = work.read("out/results.h5");
  CHECK(work.run("mlrun train moons.yaml --dry-run -o out").code == 0);
  const Answer other = work.run("mlrun train moons.yaml --seed 4 --dry-run -o out");
  CHECK(other.code == 2);
  CHECK(
      holds(other.err, "'out' holds the results of another experiment:\n  seed: 3 there, 4 here"));
  CHECK(work.run("mlrun train moons.yaml --seed 4 --dry-run --overwrite -o out").code == 0);
  CHECK(work.read("out/results.h5") == results);
  CHECK(work.run("rm out/journal").code == 0);
  CHECK(holds(work.run("mlrun train moons.yaml --dry-run -o out").err,
              "'out' holds experiment.yaml, model.h5, results.h5 without the journal of a run"));
  CHECK(holds(work.run("mlrun train moons.yaml --dry-run -o moons.yaml/out").err,
              "cannot make the folder 'moons.yaml/out' (-o): Not a directory"));
}

TEST_CASE("cli: --stack is a number or auto, and may come from the environment") {
  const Workspace work;
  CHECK(holds(work.run("mlrun gridsearch grid.yaml --dry-run -j1 --stack 2").out,
              "devices: cpu: 1 workers x 1 threads, stacks of up to 2\n"));
  CHECK(holds(work.run("MLRUN_STACK=9 mlrun gridsearch grid.yaml --dry-run -j1").out,
              "devices: cpu: 1 workers x 1 threads, stacks of up to 3\n"));
  for (const std::string slip : {"0", "2.5", "-1", "all"}) {
    const Answer answer = work.run("mlrun gridsearch grid.yaml --stack=" + slip);
    CHECK(answer.code == 2);
    CHECK(answer.err ==
          "mlrun: error: --stack '" + slip + "' is neither auto nor a whole number from 1 on\n");
  }
  CHECK(!work.has("results"));
  const Answer stacked = work.run("mlrun gridsearch grid.yaml --stack 3");
  CHECK_MESSAGE(stacked.code == 0, failure(stacked));
  CHECK(holds(stacked.err, "[7/7] 100%"));
  CHECK(work.run("mlrun gridsearch grid.yaml").out == stacked.out);
}

TEST_CASE("cli: the command line wins over the environment, the environment over the file") {
  const Workspace work;
  CHECK(holds(work.run("mlrun check moons.yaml").out, "  epochs: 2\n"));
  CHECK(holds(work.run("MLRUN_TRAIN__EPOCHS=5 mlrun check moons.yaml").out, "  epochs: 5\n"));
  CHECK(holds(work.run("MLRUN_TRAIN__EPOCHS=5 mlrun check moons.yaml train.epochs=7").out,
              "  epochs: 7\n"));
  CHECK(holds(work.run("mlrun check moons.yaml seed=5 --seed 6").out, "seed: 6\n"));
  CHECK(work.run("MLRUN_OUTPUT=there MLRUN_JOBS=1 mlrun train moons.yaml").code == 0);
  CHECK(work.has("there/results.h5"));
  const Answer slip = work.run("MLRUN_TRIAN__EPOCHS=5 mlrun check moons.yaml");
  CHECK(slip.code == 2);
  CHECK(slip.err ==
        "environment:1:1: error: no setting 'trian.epochs': experiment has no key 'trian'; did you "
        "mean 'train'?\nMLRUN_TRIAN__EPOCHS=5\n^\n");
  const Answer narrow = work.run("MLRUN_TRAIN_EPOCHS=5 mlrun check moons.yaml");
  CHECK(narrow.code == 2);
  CHECK(holds(narrow.err,
              "error: no setting has this name; two underscores stand for a dot, as in "
              "MLRUN_TRAIN__EPOCHS\nMLRUN_TRAIN_EPOCHS=5\n^\n"));
  const std::string train = "MLRUN_TRAIN__EPOCHS=1 mlrun train moons.yaml -q -o out";
  CHECK(work.run(train).err == "from the environment: MLRUN_TRAIN__EPOCHS=1\n");
  CHECK(work.run(train + " train.epochs=1").err == "");
}

TEST_CASE("cli: a setting that a grid varies is given in the grid") {
  const Workspace work;
  const Answer refused = work.run("mlrun gridsearch grid.yaml model.0.units=12 --dry-run");
  CHECK(refused.code == 2);
  CHECK(refused.err ==
        "command line:1:1: error: model.0.units is varied by param_grid; give it as "
        "param_grid.model.0.units=[12]\nmodel.0.units=12\n^\n");
  CHECK(holds(work.run("mlrun gridsearch grid.yaml 'param_grid.model.0.units=[12]' --dry-run").out,
              "1 cell x 3 folds"));
  work.write("grids.yaml", work.read("grid.yaml") +
                               "param_grid: [{model.0.activation: [relu, tanh]}, "
                               "{model.0.units: [4, 8]}]\n");
  CHECK(work.run("sed -i '/^param_grid: {/d' grids.yaml").code == 0);
  CHECK(
      holds(work.run("mlrun gridsearch grids.yaml 'param_grid.1.model.0.units=[12]' --dry-run").out,
            "3 cells x 3 folds"));
  CHECK(work.run("mlrun train grid.yaml model.0.units=12 --dry-run").code == 0);
  CHECK(
      work.run("mlrun scale grid.yaml model.0.units=12 --vary model.0.units=4,8 --dry-run").code ==
      0);
}

TEST_CASE("cli: an error in a variable names the variable, and only verbs that read it fail") {
  const Workspace work;
  const Answer bad = work.run("MLRUN_JOBS=many mlrun train moons.yaml");
  CHECK(bad.code == 2);
  CHECK(holds(bad.err, "mlrun: error: MLRUN_JOBS: must be a whole number"));
  CHECK(work.run("MLRUN_JOBS=many mlrun check moons.yaml").code == 0);
  CHECK(holds(work.run("MLRUN_JOBS=many mlrun help gridsearch").out, "MLRUN_JOBS"));
  const Answer empty = work.run("mlrun train moons.yaml --time-budget \"$UNSET\"");
  CHECK(empty.code == 2);
  CHECK(holds(empty.err, "--time-budget '' is no duration"));
}

TEST_CASE("cli: -q is silent on stderr, -v names every trial") {
  const Workspace work;
  CHECK(work.run("mlrun gridsearch grid.yaml -q -o quiet").err == "");
  const Answer verbose = work.run("mlrun gridsearch grid.yaml -v -o verbose");
  CHECK_MESSAGE(holds(verbose.err, "trial 6 (cell "), verbose.err);
  const Answer colour = work.run("NO_COLOR=1 mlrun gridsearch grid.yaml -v -o plain");
  CHECK(!holds(colour.err, "\033"));
}

TEST_CASE("cli: SIGINT, SIGTERM and the time budget end with 75, and the same command goes on") {
  const Workspace work;
  const std::string slow = "mlrun gridsearch grid.yaml train.epochs=400 -j1 -o ";
  CHECK(work.run(slow + "whole").code == 0);
  for (const std::string signal : {"INT", "TERM", "HUP"}) {
    // The file is written when the run is under way, however slow the machine.
    const std::string wait_for_start = "for i in $(seq 1000); do [ -e " + signal +
                                       "/experiment.yaml ] && break; sleep 0.01; done; ";
    const Answer cut =
        work.run(slow + signal + " & " + wait_for_start + "kill -" + signal + " $!; wait $!");
    if (cut.code == 0) continue;  // a machine so fast that it was finished
    CHECK_MESSAGE(cut.code == 75, failure(cut));
    CHECK(holds(cut.err, "interrupted; the same command goes on from here"));
    CHECK(cut.out == "");
  }
  const Answer late = work.run(slow + "late --time-budget 0.01s");
  CHECK_MESSAGE(late.code == 75, failure(late));
  CHECK(work.run(slow + "late --time-budget 0:00").code == 75);
  const std::string table = " -q --format csv --time-budget UNLIMITED";
  CHECK(work.run(slow + "late" + table).out == work.run(slow + "whole" + table).out);
}

TEST_CASE("cli: a folder in which another mlrun is running may be had later: 75") {
  const Workspace work;
  const std::string train = "mlrun train moons.yaml train.epochs=10000000 -q -o out";
  const Answer busy =
      work.run(train +
               " & for i in $(seq 1000); do [ -e out/experiment.yaml ] && break; sleep 0.01; done; "
               "for option in '' --dry-run --overwrite '--overwrite --dry-run'; do " +
               train +
               " $option 2>err; echo $? $(grep -c \"another mlrun is running in 'out' (pid $!)\" "
               "err); done; "
               "kill -9 $!");
  CHECK_MESSAGE(busy.out == "75 1\n75 1\n75 1\n75 1\n", failure(busy));
}

TEST_CASE("cli: a SIGTERM that only a worker gets is none of its business") {
  const Workspace work;
  const std::string search = "mlrun gridsearch grid.yaml train.epochs=300 -j1 -q --format csv -o ";
  const Answer whole = work.run(search + "whole");
  const Answer hit =
      work.run(search +
               "hit & for i in $(seq 1000); do pkill -TERM -P $! && break; sleep 0.01; done; "
               "wait $!");
  CHECK_MESSAGE(hit.code == 0, failure(hit));
  CHECK(hit.out == whole.out);
}

TEST_CASE("cli: results without their journal are kept, lost ones are made again") {
  const Workspace work;
  const std::string train = "mlrun train moons.yaml -q --format csv";
  const Answer first = work.run(train);
  const Answer again =
      work.run(": > results/moons/results.h5; rm results/moons/model.h5; " + train);
  CHECK_MESSAGE(again.code == 0, failure(again));
  CHECK(again.out == first.out);
  CHECK(work.run("mlrun predict moons.yaml").code == 0);
  for (int attempt = 0; attempt < 2; ++attempt) {
    const Answer other = work.run("rm -f results/moons/journal; " + train + " train.epochs=1");
    CHECK_MESSAGE(other.code == 2, failure(other));
    CHECK(holds(other.err,
                "'results/moons' holds experiment.yaml, model.h5, results.h5 without the journal"));
  }
  CHECK(work.has("results/moons/model.h5"));
}

TEST_CASE("cli: the experiment file itself is never overwritten") {
  const Workspace work;
  REQUIRE(work.run("mkdir own && cp moons.yaml own/experiment.yaml").code == 0);
  const std::string written = work.read("moons.yaml");
  const std::string message =
      "mlrun: error: 'own/experiment.yaml' is the experiment itself, and a run in 'own' would "
      "overwrite it\nuse another folder (-o)\n";
  for (const std::string line :
       {"train own/experiment.yaml -o own", "train own/experiment.yaml -o own --dry-run",
        "train own/experiment.yaml -o own --overwrite",
        "scale own/experiment.yaml -o own --overwrite",
        "scale own/experiment.yaml -o own --dry-run"}) {
    CAPTURE(line);
    const Answer answer = work.run("mlrun " + line);
    CHECK(answer.code == 2);
    CHECK(answer.err == message);
  }
  CHECK(work.run("cd own; mlrun train experiment.yaml -o .").code == 2);
  CHECK(work.run("ls own").out == "experiment.yaml\n");
  CHECK(work.read("own/experiment.yaml") == written);
  REQUIRE(work.run("mkdir -p own/checkpoints; mv own/experiment.yaml own/checkpoints/").code == 0);
  CHECK(work.run("mlrun train own/checkpoints/experiment.yaml -o own --overwrite").code == 2);
  CHECK(work.read("own/checkpoints/experiment.yaml") == written);
}

TEST_CASE("cli: a model that the training starts from is never overwritten") {
  const Workspace work;
  REQUIRE(work.run("mlrun train moons.yaml -q -o out").code == 0);
  const std::string trained = work.read("out/model.h5");
  const Answer again =
      work.run("mlrun train moons.yaml -q -o out --overwrite train.initial_weights=out/model.h5");
  CHECK(again.code == 2);
  CHECK(again.err ==
        "mlrun: error: 'out/model.h5' is what the training starts from (initial_weights), and a "
        "run in 'out' would overwrite it\nuse another folder (-o)\n");
  CHECK(work.read("out/model.h5") == trained);
  CHECK(work.run("mlrun train moons.yaml -q -o more train.initial_weights=out/model.h5").code == 0);
}

TEST_CASE("cli: a resolved experiment is run again where it lies, with settings elsewhere") {
  const Workspace work;
  const Answer first = work.run("mlrun train moons.yaml -q -o out");
  REQUIRE(first.code == 0);
  CHECK(work.run("mlrun train out/experiment.yaml -q -o out").out == first.out);
  const Answer other = work.run("mlrun train out/experiment.yaml threads=1 -q -o out");
  CHECK(other.code == 2);
  CHECK(holds(other.err, "'out/experiment.yaml' is the experiment itself"));
}

TEST_CASE("cli: files that no run has written are kept, and a log is added to") {
  const Workspace work;
  REQUIRE(work.run("mkdir -p own/checkpoints && echo mine | tee own/experiment.yaml "
                   "own/log.txt own/checkpoints/1")
              .code == 0);
  const std::string message =
      "mlrun: error: 'own' holds checkpoints, experiment.yaml without the journal of a run\n"
      "use another folder (-o), or --overwrite to replace what it holds\n";
  for (const std::string line :
       {"train moons.yaml", "train moons.yaml --dry-run", "scale moons.yaml --dry-run"}) {
    CAPTURE(line);
    const Answer answer = work.run("mlrun " + line + " -o own");
    CHECK(answer.code == 2);
    CHECK(answer.err == message);
  }
  CHECK(work.run("cat own/experiment.yaml own/checkpoints/1").out == "mine\nmine\n");
  CHECK(!work.has("own/journal"));
  CHECK(work.run("mlrun train moons.yaml -q -o own --overwrite").code == 0);
  CHECK(work.read("own/log.txt").starts_with("mine\n"));
  CHECK(!work.has("own/checkpoints"));
  REQUIRE(work.run("mkdir job && echo of the job > job/log.txt").code == 0);
  CHECK(work.run("mlrun train moons.yaml -q -o job").code == 0);
  CHECK(work.read("job/log.txt").starts_with("of the job\n"));
}

TEST_CASE("cli: exit code 3 when some trials failed, 1 when all did or the first must stop") {
  const Workspace work;
  const std::string wild =
      "mlrun gridsearch grid.yaml train.optimizer=SGD model.0.activation=linear 'param_grid="
      "{train.optimizer.learning_rate: [0.01, 1e38]}' -o ";
  const Answer some = work.run(wild + "some");
  CHECK_MESSAGE(some.code == 3, failure(some));
  CHECK(holds(some.err, "diverged"));
  const Answer stopped = work.run(wild + "stopped --on-error stop --retries 0 -j1");
  CHECK_MESSAGE(stopped.code == 1, failure(stopped));
  const Answer all =
      work.run("mlrun train moons.yaml 'train.optimizer={SGD: 1e38}' model.0.activation=linear");
  CHECK_MESSAGE(all.code == 1, failure(all));
  CHECK(holds(all.err, "diverged"));
  const std::string again =
      "mlrun train moons.yaml 'train.optimizer={SGD: 1e38}' model.0.activation=linear --format ";
  CHECK(work.run(again + "csv").out ==
        "score,training,test\nloss,nan,nan\naccuracy,nan,nan\nauc,nan,nan\n");
  CHECK(holds(work.run(again + "json").out,
              "{\"score\": \"loss\", \"training\": null, \"test\": null}"));
}

TEST_CASE(
    "cli: a cell that the last step ruins is not the best, and a fit that it ruins no model") {
  const Workspace work;
  const std::string wild =
      " train.optimizer=SGD train.epochs=1 train.batch_size=1000 "
      "'model=[{Dense: 8}, {Dense: 8}, {Dense: {units: 1, activation: sigmoid}}]' ";
  const Answer search = work.run("mlrun gridsearch grid.yaml scoring=accuracy" + wild +
                                 "'param_grid={train.optimizer.learning_rate: [0.01, 1e38]}' "
                                 "--format csv -o search");
  CHECK_MESSAGE(search.code == 3, failure(search));
  CHECK(holds(search.err, "the loss of the test rows was not finite"));
  CHECK(holds(search.out, ",nan"));
  CHECK(!holds(search.out, "-nan"));
  const Answer fit =
      work.run("mlrun train moons.yaml" + wild + "train.optimizer.learning_rate=1e38 -o fit");
  CHECK_MESSAGE(fit.code == 1, failure(fit));
  CHECK(holds(fit.err, "diverged: the loss of the test rows was not finite"));
  CHECK(!work.has("fit/model.h5"));
}

TEST_CASE("cli: a search without a best cell says why, and fails") {
  const Workspace here;
  std::string table = "a,y\n";
  for (int i = 0; i < 30; ++i) {
    table += std::to_string(i * 7 % 11) + (i < 15 ? ",no\n" : ",yes\n");
  }
  here.write("ordered.csv", table);
  here.write("ordered.yaml",
             "name: ordered\ndataset: {source: ./ordered.csv, target: y}\n"
             "model: [Dense: {units: 1, activation: sigmoid}]\n"
             "train: {loss: binary_crossentropy, optimizer: SGD, epochs: 1, metrics: [auc]}\n"
             "cv: {n_splits: 3}\nparam_grid: {train.optimizer.learning_rate: [0.1, 0.01]}\n"
             "scoring: auc\n");
  const Answer answer = here.run("mlrun gridsearch ordered.yaml");
  CHECK(answer.code == 1);
  CHECK(holds(answer.err,
              "no cell has a score (auc) in every fold, so none is the best and "
              "there is no final fit; in fold 0, 2 it is undefined"));
}

TEST_CASE("cli: the scores that are printed are those of the weights that are kept") {
  const Workspace here;
  const Answer answer = here.run(
      "mlrun train moons.yaml train.epochs=40 train.optimizer='{Adam: {learning_rate: 0.5}}' "
      "train.validation_split=0.3 "
      "train.early_stopping='{patience: 5, restore_best_weights: true}'");
  CHECK_MESSAGE(holds(answer.out, "epochs, restored to epoch "), failure(answer));
}

TEST_CASE("cli: the final fit has validation scores if its own cell keeps rows for them") {
  const Workspace work;
  const Answer answer = work.run(
      "mlrun gridsearch grid.yaml 'param_grid={train.early_stopping: [{monitor: val_loss}]}'");
  CHECK_MESSAGE(holds(answer.out, "validation"), failure(answer));
}

TEST_CASE("cli: a search over models of which some have a further loss term") {
  const Workspace work;
  work.write("vae.yaml", R"(name: vae
dataset: {generate: {make_moons: {n_samples: 60}}, split: {test: 0.2}}
model:
  - Dense: {units: 2, name: mean}
  - Dense: {units: 2, name: spread, inputs: input}
  - Sampling: {inputs: [mean, spread]}
  - Dense: 2
train: {target: input, loss: mse, optimizer: Adam, epochs: 1}
cv: {n_splits: 2}
param_grid: {model.2: [{Sampling: {inputs: [mean, spread]}}, {Add: {inputs: [mean, spread]}}]}
)");
  const Answer answer = work.run("mlrun gridsearch vae.yaml");
  CHECK_MESSAGE(answer.code == 0, failure(answer));
  CHECK(work.has("results/vae/results.h5"));
}

TEST_CASE("cli: a folder that cannot be") {
  const Workspace work;
  const Answer file = work.run("mlrun train moons.yaml -o moons.yaml/here");
  CHECK(file.code == 2);
  CHECK(file.err ==
        "mlrun: error: cannot make the folder 'moons.yaml/here' (-o): Not a directory\n");
  const Answer proc = work.run("mlrun train moons.yaml -o /proc/here");
  CHECK(proc.code == 2);
  CHECK(holds(proc.err, "cannot make the folder '/proc/here' (-o)"));
  const Answer busy = work.run(
      "mkdir kept; chmod 500 kept; mlrun train moons.yaml -o kept; code=$?; chmod 700 kept; "
      "exit $code");
  CHECK((busy.code == 1 || busy.code == 0));  // 0: root may write anywhere
  if (busy.code == 1) CHECK(holds(busy.err, "Permission denied"));
}
