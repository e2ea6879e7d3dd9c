#include "device/gpu_survey.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "device/gpu_choice.h"

namespace mlrun::device {
namespace {

Gpu describe(const Nvml& nvml, Nvml::Device device, int index) {
  Gpu gpu;
  gpu.index = index;
  gpu.name = nvml.name(device);
  gpu.uuid = nvml.uuid(device);
  gpu.bus = nvml.bus(device);
  gpu.compute_capability = nvml.compute_capability(device);
  gpu.memory = nvml.memory(device);
  gpu.reading = nvml.read(device);
  gpu.why_not = nvml.loss(device);
  return gpu;
}

Gpu describe_slice(const Nvml& nvml, Nvml::Device device, const Gpu& parent) {
  Gpu slice = describe(nvml, device, parent.index);
  slice.is_slice = true;
  slice.parent_uuid = parent.uuid;
  if (slice.bus.empty()) slice.bus = parent.bus;
  if (slice.compute_capability.empty()) slice.compute_capability = parent.compute_capability;
  return slice;
}

Gpu unreachable(int index, std::string why) {
  Gpu gpu;
  gpu.index = index;
  gpu.why_not = std::move(why);
  return gpu;
}

bool can_be_visible(const Gpu& gpu) { return gpu.why_not.empty(); }

}  // namespace

std::string Gpu::label() const { return fmt::format("gpu{} {}", number, name); }

std::vector<Gpu> GpuSurvey::visible() const {
  std::vector<Gpu> found;
  std::copy_if(gpus.begin(), gpus.end(), std::back_inserter(found),
               [](const Gpu& gpu) { return gpu.is_visible(); });
  std::sort(found.begin(), found.end(),
            [](const Gpu& a, const Gpu& b) { return a.number < b.number; });
  return found;
}

std::vector<Gpu> list_gpus(const Nvml& nvml) {
  std::vector<Gpu> gpus;
  for (int index = 0; index < nvml.count(); ++index) {
    std::string why;
    const std::optional<Nvml::Device> device = nvml.device(index, why);
    if (!device) {
      gpus.push_back(unreachable(index, why));
      continue;
    }
    Gpu gpu = describe(nvml, *device, index);
    const bool in_slices = nvml.in_mig_mode(*device);
    const std::vector<Nvml::Device> slices = nvml.slices(*device);
    if (in_slices) gpu.why_not = slices.empty() ? "in MIG mode without slices" : "in MIG slices";
    gpus.push_back(gpu);
    for (const Nvml::Device slice : slices) gpus.push_back(describe_slice(nvml, slice, gpu));
  }
  return gpus;
}

void number_visible(GpuSurvey& survey, std::optional<std::string_view> value) {
  const auto names = parse_visible_devices(value);
  int next = 0;
  const auto show = [&](Gpu& gpu) {
    if (can_be_visible(gpu) && !gpu.is_visible()) gpu.number = next++;
  };
  if (!names) {
    for (Gpu& gpu : survey.gpus) show(gpu);
    return;
  }
  for (const GpuName& name : *names) {
    const std::vector<size_t> matches = devices_of(survey.gpus, name);
    if (matches.empty()) {
      survey.notes.push_back(fmt::format(
          "CUDA_VISIBLE_DEVICES={}: '{}' is not one GPU; it and what follows are not visible",
          *value, name.text));
      break;
    }
    for (const size_t i : matches) show(survey.gpus[i]);
  }
  for (Gpu& gpu : survey.gpus) {
    if (can_be_visible(gpu) && !gpu.is_visible()) {
      gpu.why_not = fmt::format("hidden by CUDA_VISIBLE_DEVICES={}", *value);
    }
  }
}

GpuSurvey survey_gpus(const std::string& library) {
  GpuSurvey survey;
  try {
    const Nvml nvml(library);
    survey.gpus = list_gpus(nvml);
    if (survey.gpus.empty()) survey.absence = "the NVIDIA driver knows of no GPU";
  } catch (const Error& error) {
    survey.absence = error.what();
  }
  const char* value = std::getenv("CUDA_VISIBLE_DEVICES");
  number_visible(survey, value ? std::optional<std::string_view>(value) : std::nullopt);
  return survey;
}

}  // namespace mlrun::device
