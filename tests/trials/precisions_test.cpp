#include "trials/precisions.h"

#include <doctest/doctest.h>

#include <cmath>

#include "device/budget.h"
#include "ops/product/bfloat16.h"
#include "store/results.h"
#include "trials/run.h"
#include "trials/small_search.h"

using namespace mlrun;
using namespace mlrun::trials;

namespace {

device::Gpu gpu_of(const char* name, const char* capability) {
  device::Gpu gpu;
  gpu.name = name;
  gpu.compute_capability = capability;
  return gpu;
}

Search search_over(const ScratchFolder& folder, const std::string& precisions) {
  const std::filesystem::path file = folder / "search.yaml";
  std::ofstream(file) << test::kSmallSearch;
  return prepare_search({{file.string(), {"param_grid={train.precision: " + precisions + "}"}, {}},
                         SearchKind::kGridSearch,
                         folder / "cache"});
}

}  // namespace

TEST_CASE("precisions: of each device once, or only where it is not as wanted") {
  const ScratchFolder folder;
  const Search plain = search_over(folder, "[float32]");
  CHECK(describe_precisions(plain, {}).empty());
  const Search search = search_over(folder, "[tf32, float32, float16, tf32]");
  const std::vector<device::Gpu> gpus = {gpu_of("A", "9.0"), gpu_of("A", "9.0"),
                                         gpu_of("T4", "7.5")};
  CHECK(describe_precisions(search, gpus) ==
        std::vector<std::string>{
            "tf32, with the instructions of A", "tf32, which T4 does not have: float32",
            "float16, with the instructions of A", "float16, with the instructions of T4"});
  CHECK(describe_precisions(search, gpus, true) ==
        std::vector<std::string>{"tf32, which T4 does not have: float32"});
  CHECK(describe_precisions(search, {}, true).size() == 2);
}

TEST_CASE("precisions: the results say what was computed in, and what became of the loss scale") {
  const ScratchFolder folder;
  const Search search = search_over(folder, "[float32, tf32, bf16, float16]");
  RunOptions options;
  options.output = folder / "out";
  options.verbosity = Verbosity::kQuiet;
  run_search(search, device::find_budget(), options);
  const store::ResultsFile results = store::read_results(options.output / "results.h5");
  const store::Table& trials = results.find("/trials")->table;
  const auto& precision = std::get<std::vector<std::string>>(trials.find("precision")->values);
  const auto& scale = std::get<std::vector<double>>(trials.find("loss_scale")->values);
  const auto& skipped = std::get<std::vector<int64_t>>(trials.find("skipped_steps")->values);
  const auto& cell = std::get<std::vector<int32_t>>(trials.find("cell")->values);
  const std::vector<std::string> want = {
      "float32", "float32", ops::multiplies_bfloat16() ? "bfloat16" : "bfloat16 (emulated)",
      "float16 (emulated)"};
  REQUIRE(precision.size() == 13);  // the final fit among them
  for (size_t i = 0; i < precision.size(); ++i) {
    CHECK(precision[i] == want[static_cast<size_t>(cell[i])]);
    CHECK(skipped[i] == 0);
    CHECK((cell[i] == 3 ? scale[i] == 65536 : std::isnan(scale[i])));
  }
}
