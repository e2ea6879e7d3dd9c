// What mlrun answers to words it does not know, and to questions about itself.
#include <doctest/doctest.h>

#include "workspace.h"

using mlrun::test::Answer;
using mlrun::test::holds;
using mlrun::test::Workspace;

namespace {

// Refused with exit code 2 and exactly this on stderr; nothing on stdout.
void refuses(const Workspace& work, const std::string& line, const std::string& text) {
  CAPTURE(line);
  const Answer answer = work.run(line);
  CHECK(answer.code == 2);
  CHECK(answer.out == "");
  CHECK(answer.err == text);
}

// Answered on stdout, and with nothing on stderr.
void answers(const Workspace& work, const std::string& line, const std::string& part) {
  CAPTURE(line);
  const Answer answer = work.run(line);
  CHECK(answer.code == 0);
  CHECK(answer.err == "");
  CHECK_MESSAGE(holds(answer.out, part), answer.out);
}

}  // namespace

TEST_CASE("cli: a bare mlrun explains itself on stderr, --help on stdout") {
  const Workspace work;
  const Answer bare = work.run("mlrun");
  const Answer help = work.run("mlrun --help");
  CHECK(bare.code == 2);
  CHECK(bare.out == "");
  CHECK(help.code == 0);
  CHECK(help.err == "");
  CHECK(help.out == bare.err);
  for (const char* word : {"Verbs:", "gridsearch", "mlrun check FILE.yaml", "Exit codes: 0"}) {
    CHECK_MESSAGE(holds(help.out, word), help.out);
  }
  answers(work, "mlrun --version", "mlrun ");
  answers(work, "mlrun train --help", "Usage: mlrun train");
}

TEST_CASE("cli: slips in verbs and options are guessed") {
  const Workspace work;
  refuses(work, "mlrun trian moons.yaml",
          "mlrun: error: mlrun has no verb 'trian'; did you mean 'train'?\nTry 'mlrun --help'.\n");
  refuses(work, "mlrun moons.yaml",
          "mlrun: error: no verb before 'moons.yaml'; to run the experiment: mlrun train "
          "moons.yaml\nTry 'mlrun --help'.\n");
  refuses(work, "mlrun train --overwite moons.yaml",
          "mlrun: error: mlrun train has no option '--overwite'; did you mean '--overwrite'?\n"
          "Try 'mlrun train --help'.\n");
  refuses(work, "mlrun train moons.yaml --jbos=3",
          "mlrun: error: mlrun train has no option '--jbos'; did you mean '--jobs'?\n"
          "Try 'mlrun train --help'.\n");
  refuses(work, "mlrun train",
          "mlrun: error: mlrun train needs FILE.yaml (experiment file)\n"
          "Try 'mlrun train --help'.\n");
  refuses(work, "mlrun data",
          "mlrun: error: mlrun data needs a verb: list, import, inspect, clean\n"
          "Try 'mlrun data --help'.\n");
  refuses(work, "mlrun data insepct x.csv",
          "mlrun: error: mlrun data has no verb 'insepct'; did you mean 'inspect'?\n"
          "Try 'mlrun data --help'.\n");
  refuses(work, "mlrun devices now",
          "mlrun: error: mlrun devices cannot use 'now'\nTry 'mlrun devices --help'.\n");
}

TEST_CASE("cli: values of options are checked") {
  const Workspace work;
  refuses(work, "mlrun train moons.yaml -j many",
          "mlrun: error: --jobs: must be a whole number, at least -1, not 'many'\n"
          "Try 'mlrun train --help'.\n");
  refuses(work, "mlrun train moons.yaml --on-error stpo",
          "mlrun: error: --on-error: must be one of continue, stop, not 'stpo'; did you mean "
          "'stop'?\nTry 'mlrun train --help'.\n");
  refuses(work, "mlrun train moons.yaml --format xml",
          "mlrun: error: --format: must be one of table, json, csv, not 'xml'\n"
          "Try 'mlrun train --help'.\n");
  refuses(work, "mlrun train moons.yaml --retries -1",
          "mlrun: error: --retries: must be a whole number, at least 0, not '-1'\n"
          "Try 'mlrun train --help'.\n");
  refuses(work, "mlrun train moons.yaml --seed 1.5",
          "mlrun: error: --seed: must be a whole number, at least 0, not '1.5'\n"
          "Try 'mlrun train --help'.\n");
  refuses(work, "mlrun train moons.yaml --time-budget soon",
          "mlrun: error: --time-budget 'soon' is no duration such as 90s, 15m, 1h30m, or "
          "1-12:00:00 as in Slurm\n");
  refuses(work, "mlrun train moons.yaml -q -v",
          "mlrun: error: --quiet excludes --verbose\nTry 'mlrun train --help'.\n");
}

TEST_CASE("cli: files that are no experiments") {
  const Workspace work;
  refuses(work, "mlrun train none.yaml",
          "mlrun: error: open 'none.yaml': No such file or directory\n");
  refuses(work, "mlrun train .", "mlrun: error: '.' is a folder; an experiment is a YAML file\n");
  refuses(work, "mlrun train /dev/null",
          "/dev/null:1:1: error: nothing is written here; an experiment is a map with the keys "
          "dataset, model and train\n");
  refuses(work, "mlrun check moons.yaml train.epoch=3",
          "command line:1:1: error: no setting 'train.epoch': train has no key 'epoch'; did you "
          "mean 'epochs'?\ntrain.epoch=3\n^\n");
}

TEST_CASE("cli: help knows sections, kinds, components and verbs, and guesses") {
  const Workspace work;
  answers(work, "mlrun help", "Components, by kind");
  answers(work, "mlrun help cv", "n_splits (int, at least 2, default 5)");
  answers(work, "mlrun help dataset impute", "what stands in for missing values");
  answers(work, "mlrun help outputs", "columns (list of string");
  answers(work, "mlrun help loss_scale", "dynamic (bool, default true)");
  answers(work, "mlrun help layers", "Dense: Fully connected");
  answers(work, "mlrun help layer dense", "units (int");
  answers(work, "mlrun help Dense", "layer Dense: Fully connected");
  answers(work, "mlrun help gridsearch", "Usage: mlrun gridsearch");
  answers(work, "mlrun help train", "The verb: mlrun train --help");
  refuses(work, "mlrun help lyer", "mlrun: error: no help on 'lyer'; did you mean 'layer'?\n");
  refuses(work, "mlrun help Desne", "mlrun: error: no help on 'Desne'; did you mean 'Dense'?\n");
  refuses(work, "mlrun help layer Desne",
          "mlrun: error: no layer 'Desne'; did you mean 'Dense'?\n");
}

TEST_CASE("cli: check and devices say what there is") {
  const Workspace work;
  answers(work, "mlrun check moons.yaml", "trials: 1 training\n");
  answers(work, "mlrun check grid.yaml", "trials: 2 cells x 3 folds + 1 final fit = 7 trainings\n");
  answers(work, "mlrun check moons.yaml train.precision=bf16",
          "matrix products of dense layers: bfloat16, ");
  answers(work, "mlrun check moons.yaml train.precision=tf32",
          "matrix products of dense layers: tf32, which this CPU does not have: float32\n");
  answers(work, "mlrun check moons.yaml train.precision=fp16",
          "  precision: float16\n  loss_scale:\n    initial_scale: 65536\n    dynamic: true\n"
          "    dynamic_growth_steps: 2000\n");
  answers(work, "mlrun devices", "cores: ");
  CHECK(!work.has("results"));
}
