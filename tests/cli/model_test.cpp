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
