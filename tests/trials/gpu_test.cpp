// A search by worker processes on the machine's GPUs, as the program runs it.
#include <doctest/doctest.h>

#include <cmath>

#include "device/budget.h"
#include "device/gpu_survey.h"
#include "gpu.h"
#include "store/results.h"
#include "trials/run.h"
#include "trials/small_search.h"

using namespace mlrun;
using namespace mlrun::trials;
using test::workers_have_gpu;

namespace {

// Long enough for a few samples of the GPU.
constexpr const char* kEpochs = "train.epochs=400";

RunReport run(const Search& search, const std::filesystem::path& output,
              std::vector<device::Gpu> gpus) {
  RunOptions options;
  options.output = output;
  options.gpus = std::move(gpus);
  options.verbosity = Verbosity::kQuiet;
  return run_search(search, device::find_budget(), options);
}

void check_close(const TrialRecord& got, const TrialRecord& want) {
  CHECK(got.status == TrialStatus::kFinished);
  REQUIRE(!got.history.empty());
  const double a = got.history[0].training[0];
  const double b = want.history.at(0).training[0];
  CHECK(std::abs(a - b) <= 1e-4 * std::abs(b));
}

}  // namespace

TEST_CASE("gpu: a search on all GPUs is near that on the CPU, and its devices are measured") {
  if (!workers_have_gpu()) return;
  const test::SmallSearch small({kEpochs});
  const std::vector<device::Gpu> gpus = device::survey_gpus().visible();
  const RunReport on_cpu = run(small.search, small.folder / "cpu", {});
  const RunReport on_gpu = run(small.search, small.folder / "gpu", gpus);
  REQUIRE(on_gpu.records.size() == on_cpu.records.size());
  for (const auto& [id, record] : on_gpu.records) {
    CAPTURE(id);
    check_close(record, on_cpu.records.at(id));
    CHECK(record.device.starts_with("gpu"));
  }
  if (gpus[0].is_slice) return;  // which are not measured apart
  for (const auto& [id, record] : on_gpu.records) CHECK(record.energy_joules > 0);
  const store::ResultsFile results = store::read_results(on_gpu.results);
  const store::Section* devices = results.find("/devices");
  REQUIRE(devices);
  CHECK(devices->table.rows() > 0);
  for (const char* column : {"power_w", "temperature_c", "sm_clock_mhz"}) {
    const auto& values = std::get<std::vector<float>>(devices->table.find(column)->values);
    CHECK_MESSAGE(values.at(0) > 0, column);
  }
}
