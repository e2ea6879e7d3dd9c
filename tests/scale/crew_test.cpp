// Points on GPUs that are the fake driver's, with an engine that trains on the CPU.
#include "scale/crew.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "device/fake_driver.h"
#include "trials/small_search.h"

using namespace mlrun;
using namespace mlrun::scale;

namespace {

constexpr const char* kPair =
    "gpu name=A uuid=GPU-a total=1000\n"
    "gpu name=B uuid=GPU-b total=1000\n";

// What an engine says of a training, in a line: whom it ran for, and beside how many others.
class CrewRun {
 public:
  Measurement measure(Point point) const {
    std::ofstream(log(), std::ios::trunc).flush();
    const device::Budget budget = device::find_budget();
    Equipment equipment{.budget = budget, .gpus = device::survey_gpus(driver_.library()).visible()};
    equipment.make_engine = [this](const trials::Placement& placement) {
      return engine(placement);
    };
    const std::optional<Measurement> measured = scale::measure(small_.search, equipment, point);
    REQUIRE(measured);
    return *measured;
  }

  // Trainings of all epochs, by GPU.
  std::map<std::string, int> trainings() const {
    std::map<std::string, int> found;
    for (const Line& line : lines()) found[line.gpu] += line.epochs > 1 ? 1 : 0;
    return found;
  }

  int most_at_a_time() const {
    int most = 0;
    for (const Line& line : lines()) most = std::max(most, line.at_a_time);
    return most;
  }

 private:
  struct Line {
    std::string gpu;
    int64_t epochs = 0;
    int at_a_time = 0;
  };

  trials::Engine engine(const trials::Placement& placement) const {
    const auto running = std::make_shared<std::atomic<int>>(0);
    const auto writing = std::make_shared<std::mutex>();
    CHECK(placement.gpu.has_value());
    return [this, running, writing](std::span<const train::FitInput> inputs,
                                    std::span<const train::FitHooks> hooks,
                                    const train::FitEnd& ended) {
      const int at_a_time = ++*running;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      train::fit_all(inputs, hooks, ended);
      const std::lock_guard lock(*writing);
      std::ofstream(log(), std::ios::app)
          << ::getenv("CUDA_VISIBLE_DEVICES") << " " << inputs[0].spec.train.epochs << " "
          << at_a_time << std::endl;
      --*running;
    };
  }

  std::filesystem::path log() const { return folder_ / "log"; }

  std::vector<Line> lines() const {
    std::istringstream text(read_file(log()));
    std::vector<Line> all;
    for (Line line; text >> line.gpu >> line.epochs >> line.at_a_time;) all.push_back(line);
    return all;
  }

  ScratchFolder folder_;
  test::FakeDriver driver_{kPair};
  test::SmallSearch small_;
};

}  // namespace

TEST_CASE("crew: over GPUs each worker has one of its own, and trainings are dealt out") {
  const CrewRun run;
  const Measurement m = run.measure({.strategy = Strategy::kGpus, .workers = 2, .tasks = 5});
  CHECK(run.trainings() == std::map<std::string, int>{{"GPU-a", 3}, {"GPU-b", 2}});
  CHECK(run.most_at_a_time() == 1);
  CHECK(m.samples_per_second * m.seconds == doctest::Approx(5 * 96 * 3));  // rows, epochs
  CHECK(m.seconds == doctest::Approx(m.compute + m.data + m.idle));
  CHECK(m.loss > 0);
}

TEST_CASE("crew: over streams one GPU has several trainings at a time") {
  const CrewRun run;
  const Measurement m = run.measure({.strategy = Strategy::kStreams, .streams = 3, .tasks = 7});
  CHECK(run.trainings() == std::map<std::string, int>{{"GPU-a", 7}});
  CHECK(run.most_at_a_time() > 1);
  CHECK(m.samples_per_second * m.seconds == doctest::Approx(7 * 96 * 3));
}

TEST_CASE("crew: a stack has the losses that its trainings have one after the other") {
  const test::SmallSearch small;
  const device::Budget budget = device::find_budget();
  const Equipment equipment{.budget = budget, .gpus = {}};
  const auto measured = [&](int stack) {
    return measure(small.search, equipment,
                   {.strategy = Strategy::kStack, .stack = stack, .tasks = 5});
  };
  const std::optional<Measurement> alone = measured(1);
  const std::optional<Measurement> stacked = measured(4);  // and one that is left
  REQUIRE(alone);
  REQUIRE(stacked);
  CHECK(stacked->loss == doctest::Approx(alone->loss));
  CHECK(stacked->samples_per_second * stacked->seconds == doctest::Approx(5 * 96 * 3));
}

TEST_CASE("crew: what goes wrong in a stream ends the measurement") {
  const test::FakeDriver driver(kPair);
  const test::SmallSearch small;
  const device::Budget budget = device::find_budget();
  Equipment equipment{.budget = budget, .gpus = device::survey_gpus(driver.library()).visible()};
  equipment.make_engine = [](const trials::Placement&) -> trials::Engine {
    return [](std::span<const train::FitInput>, std::span<const train::FitHooks>,
              const train::FitEnd&) { throw Error("no memory for 3 MiB"); };
  };
  CHECK_THROWS_WITH_AS(
      measure(small.search, equipment, {.strategy = Strategy::kStreams, .streams = 2, .tasks = 2}),
      "a worker of the measurement was lost: exited with code 1", Error);
}
