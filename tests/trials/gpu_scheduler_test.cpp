// Trials on GPUs that are the fake driver's: real worker processes, whose engine trains on the CPU
// and fails as a GPU might.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <fstream>
#include <set>
#include <span>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "device/device_error.h"
#include "device/fake_driver.h"
#include "device/gpu_survey.h"
#include "trials/gpu_absence.h"
#include "trials/results.h"
#include "trials/run.h"
#include "trials/scheduler.h"
#include "trials/small_search.h"

using namespace mlrun;
using namespace mlrun::trials;
using test::FakeDriver;

namespace {

constexpr const char* kPair =
    "gpu name=A uuid=GPU-a total=1000 power=100000\n"
    "gpu name=B uuid=GPU-b total=1000 power=100000\n";

using Fit = std::function<train::FitResult(const train::FitInput&)>;

// A run of the small search over the GPUs of a driver, each taking `capacity` trials or stacks of
// them at a time.
class GpuRun {
 public:
  explicit GpuRun(const FakeDriver& driver, int capacity = 1, int stack = 1) : driver_(driver) {
    for (const device::Gpu& gpu : device::survey_gpus(driver.library()).visible()) {
      Station station;
      station.placement.gpu = gpu;
      station.capacity = capacity;
      station.stack = stack;
      fleet.stations.push_back(station);
    }
  }

  // `fit` is what the engine of each worker does; it gets the number of its GPU.
  RunOutcome run(const std::function<Fit(int gpu)>& engine) {
    return run_engine([engine](const Placement& placement) -> Engine {
      const Fit fit = engine(placement.gpu->number);
      return [fit](std::span<const train::FitInput> inputs, std::span<const train::FitHooks>,
                   const train::FitEnd& ended) { ended(0, fit(inputs[0])); };
    });
  }

  RunOutcome run_engine(const EngineMaker& maker) {
    options.make_engine = maker;
    store::Journal journal = store::Journal::open(folder / "journal", "test");
    Progress progress(Verbosity::kQuiet, 6, 0, 3, folder / "log.txt");
    std::vector<device::Gpu> gpus;
    for (const Station& station : fleet.stations) gpus.push_back(*station.placement.gpu);
    GpuMonitor monitor(gpus, 0, driver_.library());
    Scheduler scheduler(small.search, options,
                        {fleet, monitor, journal, progress, records, samples});
    return scheduler.run(small.search.trials);
  }

  std::string log() const { return read_file(folder / "log.txt"); }

  int count(TrialStatus status) const {
    int found = 0;
    for (const auto& [id, record] : records) found += record.status == status ? 1 : 0;
    return found;
  }

  std::set<std::string> devices() const {
    std::set<std::string> names;
    for (const auto& [id, record] : records) names.insert(record.device);
    return names;
  }

  ScratchFolder folder;
  test::SmallSearch small;
  SchedulerOptions options;
  Fleet fleet;
  DeviceSamples samples;
  std::map<int32_t, TrialRecord> records;

 private:
  const FakeDriver& driver_;
};

train::FitResult fit_on_cpu(const train::FitInput& input) { return train::fit(input); }

// Long enough for others to begin.
train::FitResult fit_slowly(const train::FitInput& input) {
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  return train::fit(input);
}

// Trains a stack after `before` has seen it.
EngineMaker stack_engine(
    const std::function<void(std::span<const train::FitInput>, const train::FitEnd&)>& before) {
  return [before](const Placement&) -> Engine {
    return [before](std::span<const train::FitInput> inputs, std::span<const train::FitHooks> hooks,
                    const train::FitEnd& ended) {
      before(inputs, ended);
      train::fit_all(inputs, hooks, ended);
    };
  };
}

bool is_trial(const train::FitInput& input, uint32_t cell, uint32_t fold) {
  return input.cell == cell && input.fold == fold;
}

}  // namespace

TEST_CASE("gpu scheduler: what is wrong with the input is not tried again") {
  const FakeDriver driver(kPair);
  GpuRun run(driver);
  run.options.retries = 3;
  CHECK(run.run([](int) -> Fit {
    return [](const train::FitInput& input) -> train::FitResult {
      if (is_trial(input, 0, 1)) throw InputError("a wrong setting");
      return train::fit(input);
    };
  }) == RunOutcome::kDone);
  CHECK(run.count(TrialStatus::kFinished) == 5);
  CHECK(run.count(TrialStatus::kFailed) == 1);
  for (const auto& [id, record] : run.records) {
    CHECK(record.attempts == 1);
    if (record.status == TrialStatus::kFailed) CHECK(record.message == "a wrong setting");
  }
}

TEST_CASE("gpu scheduler: each worker sees its GPU alone, and the numbers are the engine's") {
  const FakeDriver driver(kPair);
  GpuRun run(driver, 2);
  const std::string seen = (run.folder / "seen").string();
  CHECK(run.run([&](int gpu) -> Fit {
    const char* order = ::getenv("CUDA_DEVICE_ORDER");
    std::ofstream(seen + std::to_string(gpu)) << ::getenv("CUDA_VISIBLE_DEVICES") << " " << order;
    return fit_slowly;
  }) == RunOutcome::kDone);
  CHECK(run.count(TrialStatus::kFinished) == 6);
  CHECK(run.devices() == std::set<std::string>{"gpu0 A", "gpu1 B"});
  CHECK(read_file(seen + "0") == "GPU-a PCI_BUS_ID");
  CHECK(read_file(seen + "1") == "GPU-b PCI_BUS_ID");
  CHECK(::getenv("CUDA_VISIBLE_DEVICES") == nullptr);
  for (const auto& [id, record] : run.records) {
    CHECK(record.attempts == 1);
    CHECK(record.energy_joules > 1);
    const data::Split& split = run.small.search.folds[static_cast<size_t>(record.trial.fold)];
    const train::FitResult alone =
        train::fit({.spec = run.small.search.cells[static_cast<size_t>(record.trial.cell)].spec,
                    .dataset = run.small.search.dataset,
                    .train_rows = split.train,
                    .test_rows = split.test,
                    .cell = static_cast<uint32_t>(record.trial.cell),
                    .fold = static_cast<uint32_t>(record.trial.fold)});
    CHECK(record.test == alone.test);
  }
  REQUIRE(run.samples.run.size() >= 2);
  CHECK(run.samples.power_w[0] == 100);
}

TEST_CASE("gpu scheduler: trials that do not fit together are run with fewer at a time") {
  const FakeDriver driver("gpu name=A uuid=GPU-a total=1000\n");
  GpuRun run(driver, 5);
  run.options.retries = 0;
  CHECK(run.run([](int) -> Fit {
    const auto inside = std::make_shared<std::atomic<int>>(0);
    return [inside](const train::FitInput& input) {
      const int others = (*inside)++;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      if (others >= 2) {
        --*inside;
        throw device::OutOfDeviceMemory("no memory for 3 MiB");
      }
      const train::FitResult result = train::fit(input);
      --*inside;
      return result;
    };
  }) == RunOutcome::kDone);
  CHECK(run.count(TrialStatus::kFinished) == 6);
  for (const auto& [id, record] : run.records) CHECK(record.attempts == 1);
  CHECK(run.fleet.stations[0].capacity < 5);
  CHECK(run.log().find("no memory for 3 MiB (gpu0 A now takes ") != std::string::npos);
}

TEST_CASE("gpu scheduler: a trial that has the device alone and does not fit fails") {
  const FakeDriver driver("gpu name=A uuid=GPU-a total=1000\n");
  GpuRun run(driver, 3);
  CHECK(run.run([](int) -> Fit {
    return [](const train::FitInput& input) {
      if (is_trial(input, 1, 2)) throw device::OutOfDeviceMemory("no memory for 3 MiB");
      return fit_slowly(input);
    };
  }) == RunOutcome::kDone);
  CHECK(run.count(TrialStatus::kFinished) == 5);
  const TrialRecord& failed = run.records.at(5);
  CHECK(failed.status == TrialStatus::kFailed);
  CHECK(failed.message == "no memory for 3 MiB");
  CHECK(failed.attempts == 2);
  CHECK(failed.device == "gpu0 A");
  CHECK(run.fleet.stations[0].capacity < 3);
}

TEST_CASE("gpu scheduler: a GPU that a worker reports lost costs its trials a retry elsewhere") {
  const FakeDriver driver(kPair);
  GpuRun run(driver, 2);
  run.options.retries = 0;
  CHECK(run.run([](int gpu) -> Fit {
    return [gpu](const train::FitInput& input) {
      if (gpu == 0) throw device::DeviceLost("GPU has fallen off the bus");
      return fit_slowly(input);
    };
  }) == RunOutcome::kDone);
  CHECK(run.count(TrialStatus::kFinished) == 6);
  CHECK(run.devices() == std::set<std::string>{"gpu1 B"});
  int twice = 0;
  for (const auto& [id, record] : run.records) twice += record.attempts == 2 ? 1 : 0;
  CHECK(twice >= 1);
  CHECK(twice <= 2);
  CHECK(run.fleet.stations[0].loss == "GPU has fallen off the bus");
  CHECK(run.log().find("gpu0 A is lost: GPU has fallen off the bus; it gets no further trials") !=
        std::string::npos);
}

TEST_CASE("gpu scheduler: a GPU that the driver reports lost takes its hung worker with it") {
  const ScratchFolder scratch;
  const std::string file = (scratch / "lost").string();
  const FakeDriver driver("gpu name=A uuid=GPU-a total=1000 lost_file=" + file +
                          "\ngpu name=B uuid=GPU-b total=1000\n");
  GpuRun run(driver, 2);
  CHECK(run.run([file](int gpu) -> Fit {
    return [gpu, file](const train::FitInput& input) {
      if (gpu == 0) {
        std::ofstream(file) << "lost";
        ::pause();
      }
      return fit_slowly(input);
    };
  }) == RunOutcome::kDone);
  CHECK(run.count(TrialStatus::kFinished) == 6);
  CHECK(run.devices() == std::set<std::string>{"gpu1 B"});
  CHECK(run.fleet.stations[0].loss == "GPU is lost");
}

TEST_CASE("gpu scheduler: a trial whose device is lost twice fails, and so does what is left") {
  const FakeDriver driver(kPair);
  GpuRun run(driver);
  CHECK(run.run([](int) -> Fit {
    return [](const train::FitInput& input) -> train::FitResult {
      if (is_trial(input, 0, 0)) return train::fit(input);
      throw device::DeviceLost("fallen off the bus");
    };
  }) == RunOutcome::kDone);
  CHECK(run.records.size() == 6);
  CHECK(run.count(TrialStatus::kFinished) <= 1);
  CHECK(run.count(TrialStatus::kCrashed) >= 1);
  CHECK(run.count(TrialStatus::kFailed) >= 3);
  CHECK_FALSE(run.fleet.has_usable());
  for (const auto& [id, record] : run.records) {
    if (record.status == TrialStatus::kFailed)
      CHECK(record.message == "not run: no device is left");
    if (record.status == TrialStatus::kCrashed) {
      CHECK(record.message == "its device was lost: fallen off the bus");
    }
  }
}

TEST_CASE("gpu scheduler: of several trials in a worker that dies only the cause fails") {
  const FakeDriver driver("gpu name=A uuid=GPU-a total=1000\n");
  GpuRun run(driver, 3);
  CHECK(run.run([](int) -> Fit {
    return [](const train::FitInput& input) {
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      if (is_trial(input, 0, 1)) ::kill(::getpid(), SIGKILL);
      return train::fit(input);
    };
  }) == RunOutcome::kDone);
  CHECK(run.count(TrialStatus::kFinished) == 5);
  const TrialRecord& lost = run.records.at(1);
  CHECK(lost.status == TrialStatus::kCrashed);
  CHECK(lost.message ==
        "the worker was lost: killed by signal 9 (by the system, if memory ran out)");
  CHECK(lost.attempts == 2);
  for (const auto& [id, record] : run.records) {
    if (id != 1) CHECK(record.attempts == 1);
  }
  CHECK(run.fleet.stations[0].is_usable());
}

TEST_CASE("gpu scheduler: a stack that does not fit is cut in halves") {
  const FakeDriver driver("gpu name=A uuid=GPU-a total=1000\n");
  GpuRun run(driver, 1, 6);
  run.options.retries = 0;
  CHECK(run.run_engine(stack_engine([](auto inputs, const auto&) {
    if (inputs.size() > 2) throw device::OutOfDeviceMemory("no memory for 3 MiB");
  })) == RunOutcome::kDone);
  CHECK(run.count(TrialStatus::kFinished) == 6);
  for (const auto& [id, record] : run.records) CHECK(record.attempts == 1);
  CHECK(run.fleet.stations[0].stack == 2);
  CHECK(run.log().find("no memory for 3 MiB (gpu0 A now takes stacks of up to 3)") !=
        std::string::npos);
}

TEST_CASE("gpu scheduler: a stack of which one trial is left is cut by what it was") {
  const FakeDriver driver("gpu name=A uuid=GPU-a total=1000\n");
  GpuRun run(driver, 1, 6);
  CHECK(run.run_engine(stack_engine([](auto inputs, const train::FitEnd& ended) {
    if (inputs.size() < 6) return;
    for (size_t i = 0; i < 5; ++i) ended(i, train::fit(inputs[i]));
    throw device::OutOfDeviceMemory("no memory for 3 MiB");
  })) == RunOutcome::kDone);
  CHECK(run.count(TrialStatus::kFinished) == 6);
  CHECK(run.fleet.stations[0].stack == 3);
}

TEST_CASE("gpu scheduler: a GPU whose workers die one after the other gets no further trials") {
  const FakeDriver driver(kPair);
  GpuRun run(driver);
  const std::filesystem::path deaths = run.folder / "deaths";
  std::ofstream(deaths).flush();
  CHECK(run.run([deaths](int gpu) -> Fit {
    return [gpu, deaths](const train::FitInput& input) {
      if (gpu == 0) {
        std::ofstream(deaths, std::ios::app) << "x" << std::flush;
        ::_exit(1);
      }
      // The other one is not to have all trials before.
      for (int i = 0; i < 3000 && std::filesystem::file_size(deaths) < 3; ++i) ::usleep(10000);
      return fit_slowly(input);
    };
  }) == RunOutcome::kDone);
  CHECK(run.count(TrialStatus::kFinished) == 6);
  CHECK(run.devices() == std::set<std::string>{"gpu1 B"});
  CHECK(run.fleet.stations[0].loss == "3 times in a row the worker was lost: exited with code 1");
}

TEST_CASE("gpu scheduler: a stack that dies costs an attempt, and only the cause fails") {
  const FakeDriver driver("gpu name=A uuid=GPU-a total=1000\n");
  GpuRun run(driver, 1, 6);
  run.options.retries = 0;
  CHECK(run.run_engine(stack_engine([](auto inputs, const auto&) {
    for (const train::FitInput& input : inputs) {
      if (is_trial(input, 0, 1)) ::kill(::getpid(), SIGKILL);
    }
  })) == RunOutcome::kDone);
  CHECK(run.count(TrialStatus::kFinished) == 5);
  CHECK(run.records.at(1).status == TrialStatus::kCrashed);
  for (const auto& [id, record] : run.records) CHECK(record.attempts == 2);
}

TEST_CASE("gpu scheduler: a stack that fails is tried trial by trial, but for those that ended") {
  const FakeDriver driver("gpu name=A uuid=GPU-a total=1000\n");
  GpuRun run(driver, 1, 6);
  CHECK(run.run_engine(stack_engine([](auto inputs, const train::FitEnd& ended) {
    if (inputs.size() == 1) return;
    ended(2, train::fit(inputs[2]));
    throw Error("illegal address");
  })) == RunOutcome::kDone);
  CHECK(run.count(TrialStatus::kFinished) == 6);
  for (const auto& [id, record] : run.records) CHECK(record.attempts == (id == 2 ? 1 : 2));
}

TEST_CASE("gpu scheduler: a failed trial is tried on another GPU") {
  const FakeDriver driver(kPair);
  GpuRun run(driver);
  CHECK(run.run([](int gpu) -> Fit {
    return [gpu](const train::FitInput& input) {
      if (gpu == 0) throw Error("illegal address");
      return fit_slowly(input);
    };
  }) == RunOutcome::kDone);
  CHECK(run.count(TrialStatus::kFinished) == 6);
  CHECK(run.devices() == std::set<std::string>{"gpu1 B"});
}

TEST_CASE("gpu scheduler: samples are in the journal, between the records") {
  const FakeDriver driver(kPair);
  GpuRun run(driver);
  run.run([](int) -> Fit { return fit_on_cpu; });
  const store::Journal journal = store::Journal::open(run.folder / "journal", "test");
  int64_t blocks = 0;
  int64_t trials = 0;
  for (const std::string& bytes : journal.records()) {
    if (holds_device_samples(bytes)) {
      ++blocks;
      CHECK(device_samples_from_bytes(bytes).names.front() == "gpu0 A");
    } else {
      ++trials;
      CHECK(record_from_bytes(bytes).energy_joules > 0);
    }
  }
  CHECK(trials == 6);
  CHECK(blocks >= 1);
}

TEST_CASE("gpu scheduler: /devices and energy in the results file") {
  const FakeDriver driver(kPair);
  GpuRun run(driver);
  run.run([](int) -> Fit { return fit_slowly; });
  const std::filesystem::path file = run.folder / "results.h5";
  store::write_results(file, make_results(run.small.search, run.records, run.samples, {}));
  const store::ResultsFile results = store::read_results(file);
  const store::Section* devices = results.find("/devices");
  REQUIRE(devices);
  CHECK(devices->attributes.at(0).second ==
        store::Attribute(std::vector<std::string>{"gpu0 A", "gpu1 B"}));
  CHECK(devices->attributes.at(1).second ==
        store::Attribute(std::vector<std::string>{"GPU-a", "GPU-b"}));
  CHECK(devices->attributes.at(2) == std::pair<std::string, store::Attribute>("interval_s", 0.5));
  CHECK(devices->table.rows() == static_cast<int64_t>(run.samples.run.size()));
  const store::Section* trials = results.find("/trials");
  for (const double joules :
       std::get<std::vector<double>>(trials->table.find("energy_j")->values)) {
    CHECK(joules > 0);
  }
  const store::ResultsFile cpu = make_results(run.small.search, {}, {}, {});
  CHECK(cpu.find("/devices") == nullptr);
}

TEST_CASE("gpu scheduler: the program's own engine computes on CPUs, or says why not on GPUs") {
  CHECK(make_engine({}));
  const FakeDriver driver(kPair);
  GpuRun run(driver);
  RunOptions options;
  options.output = run.folder / "out";
  options.gpus = device::survey_gpus(driver.library()).visible();
  const std::string& absence = gpu_absence();
  if (absence.empty()) return;
  CHECK_THROWS_WITH_AS(run_search(run.small.search, device::find_budget(), options),
                       absence.c_str(), InputError);
  CHECK_FALSE(std::filesystem::exists(options.output));
}
