// What takes nearly all memory of a GPU; tools/gpu-check runs it beside nothing else.
#include <doctest/doctest.h>

#include "gpu.h"
#include "ops/gpu_module.h"
#include "train/device_check.h"
#include "train/gpu.h"
#include "train/sample_experiment.h"

using namespace mlrun;

TEST_CASE("gpu: data for which others leave no room are streamed, with the same numbers") {
  if (!test::has_gpu()) return;
  constexpr int64_t kLeft = int64_t{400} << 20;  // less than data must leave for what follows them
  for (const char* shuffle : {"train.shuffle=true", "train.shuffle=false"}) {
    CAPTURE(shuffle);
    const test::SampleExperiment e({shuffle, "train.batch_size=32"});
    const train::FitInput input = test::input_of(e);
    const train::FitResult resident = train::fit_on_gpu(input);
    const auto others = ops::gpu_backend().make_context(0);
    const device::Memory held = others->allocate(others->free_bytes() - kLeft);
    test::check_same(train::fit_on_gpu(input), resident);
  }
}
