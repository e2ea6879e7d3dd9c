#include "device/gpu_choice.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "device/fake_driver.h"

using namespace mlrun::device;
using mlrun::InputError;
using mlrun::test::FakeDriver;
using mlrun::test::Setting;

namespace {

// "0:GPU-a 1:GPU-b": numbers and UUIDs.
std::string listed(const std::vector<Gpu>& gpus) {
  std::string text;
  for (const Gpu& gpu : gpus) text += std::to_string(gpu.number) + ":" + gpu.uuid + " ";
  return text;
}

std::string visible_under(const FakeDriver& driver, const char* value) {
  const Setting setting("CUDA_VISIBLE_DEVICES", value);
  return listed(survey_gpus(driver.library()).visible());
}

std::string refusal(const GpuSurvey& survey, const std::string& gpus) {
  try {
    choose_gpus(survey, gpus);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

const Gpu& with_uuid(const GpuSurvey& survey, const std::string& uuid) {
  for (const Gpu& gpu : survey.gpus) {
    if (gpu.uuid == uuid) return gpu;
  }
  FAIL("no " << uuid);
  return survey.gpus.front();
}

constexpr const char* kThree =
    "gpu name=A uuid=GPU-12aa total=10\n"
    "gpu name=B uuid=GPU-12bb total=10\n"
    "gpu name=C uuid=GPU-34cc total=10\n";

}  // namespace

TEST_CASE("gpu choice: without CUDA_VISIBLE_DEVICES all are visible, slices for their GPU") {
  const FakeDriver driver;
  const GpuSurvey survey = survey_gpus(driver.library());
  CHECK(survey.absence == "");
  REQUIRE(survey.gpus.size() == 4);
  CHECK(listed(survey.visible()) == "0:GPU-8932f937-aa 1:MIG-11 2:MIG-12 ");
  CHECK(survey.gpus[0].label() == "gpu0 NVIDIA H100 80GB HBM3");
  CHECK(survey.gpus[0].selector() == "GPU-8932f937-aa");
  CHECK(with_uuid(survey, "GPU-89ab").why_not == "in MIG slices");
  CHECK(with_uuid(survey, "MIG-11").compute_capability == "8.0");
  CHECK(with_uuid(survey, "MIG-11").parent_uuid == "GPU-89ab");
}

TEST_CASE("gpu choice: CUDA_VISIBLE_DEVICES numbers in its order and ends where CUDA does") {
  const FakeDriver driver(kThree);
  CHECK(visible_under(driver, "2,0") == "0:GPU-34cc 1:GPU-12aa ");
  CHECK(visible_under(driver, "GPU-34,1") == "0:GPU-34cc 1:GPU-12bb ");
  CHECK(visible_under(driver, "1,7,0") == "0:GPU-12bb ");
  CHECK(visible_under(driver, "2,GPU-12,0") == "0:GPU-34cc ");
  CHECK(visible_under(driver, "1,-1,0") == "0:GPU-12bb ");
  CHECK(visible_under(driver, "1,1") == "0:GPU-12bb ");
  CHECK(visible_under(driver, "") == "");
  const Setting setting("CUDA_VISIBLE_DEVICES", "2,GPU-12,0");
  const Setting order("CUDA_DEVICE_ORDER", "PCI_BUS_ID");
  const GpuSurvey survey = survey_gpus(driver.library());
  REQUIRE(survey.notes.size() == 1);
  CHECK(survey.notes[0] ==
        "CUDA_VISIBLE_DEVICES=2,GPU-12,0: 'GPU-12' is not one GPU; it and what follows are not "
        "visible");
  CHECK(survey.gpus[0].why_not == "hidden by CUDA_VISIBLE_DEVICES=2,GPU-12,0");
}

TEST_CASE("gpu choice: GPUs of several generations are unlike") {
  const FakeDriver driver(
      "gpu name=A uuid=GPU-a total=1 capability=8.0\ngpu name=B uuid=GPU-b total=1 "
      "capability=7.5\ngpu name=C uuid=GPU-c total=1 capability=8.0\n");
  const GpuSurvey survey = survey_gpus(driver.library());
  CHECK(are_unlike(choose_gpus(survey, "all")));
  CHECK_FALSE(are_unlike(choose_gpus(survey, "0,2")));
  CHECK_FALSE(are_unlike({}));
}

TEST_CASE("gpu choice: numbers that others count otherwise are noted") {
  const auto notes = [](const char* gpus, const char* order, const char* value) {
    const FakeDriver driver(gpus);
    const Setting of_cuda("CUDA_DEVICE_ORDER", order);
    const Setting visible("CUDA_VISIBLE_DEVICES", value);
    return survey_gpus(driver.library()).notes;
  };
  const char* alike = "gpu name=A uuid=GPU-a total=1\ngpu name=A uuid=GPU-b total=1\n";
  CHECK(
      notes(kThree, "FASTEST_FIRST", "1,0") ==
      std::vector<std::string>{
          "CUDA_VISIBLE_DEVICES=1,0: counted in the order of the PCI bus, as by nvidia-smi; other "
          "programs count the fastest GPU first, but for CUDA_DEVICE_ORDER=PCI_BUS_ID"});
  CHECK(notes(kThree, "PCI_BUS_ID", "1,0").empty());
  CHECK(notes(kThree, "FASTEST_FIRST", "GPU-34").empty());
  CHECK(notes(alike, "FASTEST_FIRST", "1,0").empty());
}

TEST_CASE("gpu choice: CUDA_VISIBLE_DEVICES and MIG") {
  const FakeDriver driver;
  CHECK(visible_under(driver, "MIG-12,0") == "0:MIG-12 1:GPU-8932f937-aa ");
  CHECK(visible_under(driver, "1") == "0:MIG-11 1:MIG-12 ");
  CHECK(visible_under(driver, "GPU-89ab") == "0:MIG-11 1:MIG-12 ");
  CHECK(visible_under(driver, "GPU-89") == "");
}

TEST_CASE("gpu choice: --gpus counts among the visible ones") {
  const FakeDriver driver(kThree);
  const Setting setting("CUDA_VISIBLE_DEVICES", "2,0");
  const GpuSurvey survey = survey_gpus(driver.library());
  CHECK(listed(choose_gpus(survey, "none")) == "");
  CHECK(listed(choose_gpus(survey, "all")) == "0:GPU-34cc 1:GPU-12aa ");
  CHECK(listed(choose_gpus(survey, "0")) == "0:GPU-34cc ");
  CHECK(listed(choose_gpus(survey, "1,0")) == "1:GPU-12aa 0:GPU-34cc ");
  CHECK(listed(choose_gpus(survey, "GPU-12")) == "1:GPU-12aa ");
  CHECK(refusal(survey, "2") ==
        "--gpus 2: there is no GPU 2; there are 0 (C, GPU-34cc), 1 (A, GPU-12aa)");
  CHECK(refusal(survey, "GPU-12bb") ==
        "--gpus GPU-12bb: 'GPU-12bb' fits no GPU; there are 0 (C, GPU-34cc), 1 (A, GPU-12aa)");
  CHECK(refusal(survey, "0,0") == "--gpus 0,0: gpu0 C twice");
  CHECK(refusal(survey, "0,") ==
        "--gpus 0,: '' is no GPU; write none, all, numbers such as 0,1, or names such as "
        "GPU-8932f937 and MIG-...");
  CHECK(refusal(survey, "first").starts_with("--gpus first: 'first' is no GPU; write none, all"));
}

TEST_CASE("gpu choice: abbreviations must be of one, a GPU in MIG mode is its slices") {
  const FakeDriver three(kThree);
  CHECK(refusal(survey_gpus(three.library()), "GPU-12") ==
        "--gpus GPU-12: 'GPU-12' fits 2 GPUs: 0 (A, GPU-12aa), 1 (B, GPU-12bb)");
  const FakeDriver two;
  const GpuSurvey survey = survey_gpus(two.library());
  CHECK(listed(choose_gpus(survey, "MIG-12")) == "2:MIG-12 ");
  CHECK(listed(choose_gpus(survey, "GPU-89ab")) == "1:MIG-11 2:MIG-12 ");
  CHECK(refusal(survey, "MIG-1").starts_with("--gpus MIG-1: 'MIG-1' fits 2 GPUs: 1 (NVIDIA A100"));
}

TEST_CASE("gpu choice: no GPU to choose from says why") {
  CHECK(refusal(survey_gpus("libnvidia-ml-none.so.1"), "all")
            .starts_with("--gpus all: no NVIDIA driver here: libnvidia-ml-none.so.1: cannot open"));
  const FakeDriver none("");
  CHECK(refusal(survey_gpus(none.library()), "0") == "--gpus 0: the NVIDIA driver knows of no GPU");
  const FakeDriver driver(kThree);
  const Setting hidden("CUDA_VISIBLE_DEVICES", "");
  CHECK(refusal(survey_gpus(driver.library()), "all") ==
        "--gpus all: no GPU can be used; see mlrun devices");
}

TEST_CASE("gpu choice: a GPU that is too old is counted, as CUDA does, and not used") {
  const FakeDriver driver(
      "gpu name=P100 uuid=GPU-p total=10 capability=6.0\n"
      "gpu name=B200 uuid=GPU-b total=10 capability=10.0\n");
  const GpuSurvey survey = survey_gpus(driver.library());
  CHECK(listed(survey.visible()) == "0:GPU-p 1:GPU-b ");
  CHECK(listed(choose_gpus(survey, "all")) == "1:GPU-b ");
  CHECK(refusal(survey, "0,1") ==
        "--gpus 0,1: gpu0 P100: compute capability 6.0, at least 7.5 is needed");
}

TEST_CASE("gpu choice: a GPU that is lost is listed and not visible") {
  const FakeDriver driver(
      "gpu name=A uuid=GPU-a total=10 lost_after=0\ngpu name=B uuid=GPU-b total=10\n");
  const GpuSurvey survey = survey_gpus(driver.library());
  REQUIRE(survey.gpus.size() == 2);
  CHECK(survey.gpus[0].why_not == "GPU is lost");
  CHECK(listed(survey.visible()) == "0:GPU-b ");
  CHECK(survey.gpus[1].index == 0);  // as CUDA counts, for which the other is not there
}
