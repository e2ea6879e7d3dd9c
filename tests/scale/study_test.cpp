#include "scale/study.h"

#include <doctest/doctest.h>

#include <set>
#include <tuple>

using namespace mlrun::scale;
using doctest::Approx;

namespace {

StudyOptions small_study() {
  StudyOptions options;
  options.axes = {{Strategy::kWorkers, {1, 2, 4}}, {Strategy::kThreads, {1, 2, 4}}};
  options.repeats = 3;
  options.cells = 2;
  options.seed = 7;
  return options;
}

Measurement measured(Mode mode, int workers, int repeat, double seconds) {
  Measurement m;
  m.point.mode = mode;
  m.point.workers = workers;
  m.point.repeat = repeat;
  m.seconds = seconds;
  return m;
}

}  // namespace

TEST_CASE("every point is planned once, in an order that depends on the seed alone") {
  const std::vector<Point> points = plan_points(small_study());
  CHECK(points.size() == 2 * 2 * 3 * 2 * 3);  // strategies, modes, counts, cells, repeats
  std::set<std::tuple<Strategy, Mode, int, int, int>> seen;
  for (const Point& p : points) {
    seen.emplace(p.strategy, p.mode, p.parallelism(), p.cell, p.repeat);
  }
  CHECK(seen.size() == points.size());
  const std::vector<Point> again = plan_points(small_study());
  StudyOptions other = small_study();
  other.seed = 8;
  const std::vector<Point> elsewhere = plan_points(other);
  bool same = true, same_elsewhere = true;
  for (size_t i = 0; i < points.size(); ++i) {
    same = same && again[i].repeat == points[i].repeat && again[i].workers == points[i].workers;
    same_elsewhere = same_elsewhere && elsewhere[i].repeat == points[i].repeat;
  }
  CHECK(same);
  CHECK(!same_elsewhere);
}

TEST_CASE("strong keeps the work, weak lets it grow with the workers or threads") {
  for (const Point& p : plan_points(small_study())) {
    CAPTURE(p.parallelism());
    const bool workers = p.strategy == Strategy::kWorkers;
    if (p.mode == Mode::kStrong) {
      CHECK(p.tasks == (workers ? 4 : 1));
      CHECK(p.row_share == 1);
      CHECK(p.batch_factor == 1);
    } else if (workers) {
      CHECK(p.tasks == p.workers);
      CHECK(p.row_share == 1);
    } else {
      CHECK(p.row_share == Approx(p.threads / 4.0));
      CHECK(p.batch_factor == p.threads);
    }
  }
}

TEST_CASE("GPUs, streams and stacks share out trainings as workers do") {
  StudyOptions options;
  options.axes = {
      {Strategy::kGpus, {1, 2}}, {Strategy::kStreams, {1, 4}}, {Strategy::kStack, {1, 8}}};
  options.repeats = 1;
  for (const Point& p : plan_points(options)) {
    CAPTURE(to_string(p.strategy));
    CAPTURE(p.parallelism());
    const int most = p.strategy == Strategy::kGpus ? 2 : p.strategy == Strategy::kStreams ? 4 : 8;
    CHECK(p.tasks == (p.mode == Mode::kStrong ? most : p.parallelism()));
    CHECK((p.strategy == Strategy::kGpus ? p.workers : 1) == p.workers);
    CHECK((p.strategy == Strategy::kStreams ? p.streams : 1) == p.streams);
    CHECK((p.strategy == Strategy::kStack ? p.stack : 1) == p.stack);
    CHECK(p.threads == 1);
    CHECK(p.row_share == 1);
  }
  options.tasks = 24;
  for (const Point& p : plan_points(options)) {
    if (p.mode == Mode::kStrong) CHECK(p.tasks == 24);
  }
}

TEST_CASE("a curve takes the median of the repeats and compares with one worker") {
  const std::vector<Curve> curves =
      make_curves({measured(Mode::kStrong, 2, 0, 6), measured(Mode::kStrong, 1, 0, 10),
                   measured(Mode::kStrong, 1, 1, 8), measured(Mode::kStrong, 2, 1, 5),
                   measured(Mode::kStrong, 1, 2, 30), measured(Mode::kStrong, 2, 2, 4)});
  REQUIRE(curves.size() == 1);
  const Summary& one = curves[0].points[0];
  const Summary& two = curves[0].points[1];
  CHECK(one.median == 10);
  CHECK(one.least == 8);
  CHECK(one.most == 30);
  CHECK(two.median == 5);
  CHECK(two.speedup == Approx(2));
  CHECK(two.efficiency == Approx(1));
  CHECK(two.serial == Approx(0));
}

TEST_CASE("with an even number of repeats the median lies between the middle two") {
  std::vector<Measurement> repeats = {measured(Mode::kStrong, 1, 0, 4),
                                      measured(Mode::kStrong, 1, 1, 2)};
  for (Measurement& one : repeats) {
    one.compute = 0.75 * one.seconds;
    one.idle = 0.25 * one.seconds;
    one.samples_per_second = 12 / one.seconds;
  }
  const Summary summary = make_curves(repeats).at(0).points.at(0);
  CHECK(summary.median == 3);
  CHECK(summary.compute + summary.data + summary.idle == Approx(3));
  CHECK(summary.samples_per_second == Approx(4));
}

TEST_CASE("weak: equal times are a scaled speedup of p") {
  const std::vector<Curve> curves =
      make_curves({measured(Mode::kWeak, 1, 0, 3), measured(Mode::kWeak, 4, 0, 3)});
  REQUIRE(curves.size() == 1);
  CHECK(curves[0].points[1].speedup == Approx(4));
  CHECK(curves[0].points[1].efficiency == Approx(1));
  CHECK(curves[0].gustafson.serial == Approx(0));
  const std::vector<Curve> slower =
      make_curves({measured(Mode::kWeak, 1, 0, 3), measured(Mode::kWeak, 4, 0, 6)});
  CHECK(slower[0].points[1].serial == Approx(2.0 / 3));  // S = 2 of 4
  CHECK(slower[0].gustafson.serial == Approx(2.0 / 3));
}

TEST_CASE("time over parameters is a power law through one worker's points") {
  std::vector<Measurement> all;
  for (int cell = 0; cell < 3; ++cell) {
    Measurement m = measured(Mode::kStrong, 1, 0, 0.5 * (cell + 1) * (cell + 1));
    m.point.cell = cell;
    m.parameters = 100 * (cell + 1);
    all.push_back(m);
  }
  const PowerFit power = fit_complexity(make_curves(all));
  CHECK(power.determined);
  CHECK(power.exponent == Approx(2));
  CHECK(power.at(200) == Approx(2));
}
