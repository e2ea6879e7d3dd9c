// What mlrun says of GPUs: the fake driver's, found as a real one is, on the path of libraries.
#include <doctest/doctest.h>

#include "device/fake_driver.h"
#include "places.h"
#include "trials/gpu_absence.h"
#include "workspace.h"

using mlrun::test::Answer;
using mlrun::test::holds;
using mlrun::test::Workspace;

namespace {

// Of a machine with these GPUs.
Answer run_with(const Workspace& work, const std::string& gpus, const std::string& line) {
  work.write("gpus", gpus);
  return work.run("export FAKE_NVML=$PWD/gpus LD_LIBRARY_PATH=" +
                  mlrun::test::fake_nvml().parent_path().string() + "\n" + line);
}

void check_holds(const Answer& answer, std::initializer_list<const char*> parts) {
  CHECK(answer.code == 0);
  CHECK(answer.err == "");
  for (const char* part : parts) CHECK_MESSAGE(holds(answer.out, part), answer.out);
}

}  // namespace

TEST_CASE("cli: devices shows the GPUs, and why one is not used") {
  const Workspace work;
  const Answer answer = run_with(work, mlrun::test::kTwoGpus, "mlrun devices");
  check_holds(answer,
              {"gpus: 3 visible\n", "gpu0  NVIDIA H100 80GB HBM3    80.0 GiB  79.0 GiB  9.0",
               "123 W  41 C  GPU-8932f937-aa\n", "-     NVIDIA A100",
               "gpu1  NVIDIA A100 MIG 3g.20gb", "not used: NVIDIA A100 GPU-89ab: in MIG slices\n"});
  const Answer hidden =
      run_with(work, mlrun::test::kTwoGpus, "CUDA_VISIBLE_DEVICES=MIG-12,5 mlrun devices");
  check_holds(hidden, {"gpus: 1 visible\n", "gpu0  NVIDIA A100 MIG 4g.20gb",
                       "hidden by CUDA_VISIBLE_DEVICES=MIG-12,5\n", "'5' is not one GPU"});
}

TEST_CASE("cli: devices without a driver says so by name") {
  const Workspace work;
  const Answer none = run_with(work, "", "unset FAKE_NVML; mlrun devices");
  check_holds(none,
              {"gpus: none\n  no NVIDIA driver here: libnvidia-ml.so.1: Driver Not Loaded\n"});
  const Answer empty = run_with(work, "", "mlrun devices");
  check_holds(empty, {"gpus: none\n  the NVIDIA driver knows of no GPU\n"});
}

TEST_CASE("cli: devices as JSON and CSV") {
  const Workspace work;
  const Answer json = run_with(work, mlrun::test::kTwoGpus, "mlrun devices --format json");
  check_holds(json, {"{\"device\": \"cpu\", ", "\"device\": \"gpu0\", \"name\": \"NVIDIA H100",
                     "\"uuid\": \"MIG-11\", \"compute_capability\": \"8.0\", \"mig_slice\": 1",
                     "\"power_w\": 123.456, \"temperature_c\": 41", "\"power_w\": null",
                     "\"not_used\": \"in MIG slices\""});
  const Answer csv = run_with(work, mlrun::test::kTwoGpus, "mlrun devices --format csv");
  check_holds(csv, {"device,name,uuid,compute_capability,mig_slice,pci_bus,cores,memory_bytes,",
                    "\ncpu,,,,0,,"});
}

TEST_CASE("cli: --gpus that cannot be had starts nothing") {
  const Workspace work;
  for (const char* verb : {"train moons.yaml", "gridsearch grid.yaml", "check moons.yaml"}) {
    CAPTURE(verb);
    const Answer answer =
        work.run(std::string("CUDA_VISIBLE_DEVICES= mlrun ") + verb + " --gpus all");
    CHECK(answer.code == 2);
    CHECK(answer.out == "");
    CHECK(answer.err.starts_with("mlrun: error: --gpus all: "));
    CHECK(!work.has("results"));
  }
  const std::string absence = mlrun::trials::gpu_absence();
  if (absence.empty()) return;
  CHECK(run_with(work, mlrun::test::kTwoGpus, "mlrun train moons.yaml --gpus 0").err ==
        "mlrun: error: --gpus 0: " + absence + "\n");
  CHECK(work.run("mlrun train moons.yaml --gpus none -q").code == 0);
}

TEST_CASE("cli: check and --dry-run say which devices would be used") {
  const Workspace work;
  check_holds(work.run("mlrun check grid.yaml"), {"\ndevices: cpu: "});
  check_holds(work.run("mlrun gridsearch grid.yaml --dry-run -j 1"),
              {"into results/moons\ndevices: cpu: 1 workers x 1 threads\n"});
}
