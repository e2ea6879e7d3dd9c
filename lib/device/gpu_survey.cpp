#include "device/gpu_survey.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "device/gpu_choice.h"

namespace mlrun::device {
namespace {

constexpr const char* kByBus = "PCI_BUS_ID";

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

Gpu unreachable(std::string why) {
  Gpu gpu;
  gpu.why_not = std::move(why);
  return gpu;
}

bool can_be_visible(const Gpu& gpu) { return gpu.why_not.empty(); }

bool is_too_old(const Gpu& gpu) {
  const std::string& capability = gpu.compute_capability;
  return !capability.empty() && std::atof(capability.c_str()) < kLeastComputeCapability;
}

// Places in survey.gpus, in the order of CUDA_VISIBLE_DEVICES.
std::vector<size_t> shown_by(GpuSurvey& survey, std::optional<std::string_view> value) {
  std::vector<size_t> order;
  const auto names = parse_visible_devices(value);
  if (!names) {
    order.resize(survey.gpus.size());
    std::iota(order.begin(), order.end(), size_t{0});
    return order;
  }
  for (const GpuName& name : *names) {
    const std::vector<size_t> matches = devices_of(survey.gpus, name);
    if (matches.empty()) {
      survey.notes.push_back(fmt::format(
          "CUDA_VISIBLE_DEVICES={}: '{}' is not one GPU; it and what follows are not visible",
          *value, name.text));
      break;
    }
    order.insert(order.end(), matches.begin(), matches.end());
  }
  return order;
}

// Of GPUs that are all alike, the fastest is the first on the bus.
bool may_be_counted_otherwise(const GpuSurvey& survey, std::optional<std::string_view> value) {
  const auto names = parse_visible_devices(value);
  if (!names) return false;
  const bool counts = std::any_of(names->begin(), names->end(), [](const GpuName& name) {
    return name.kind == GpuName::Kind::kIndex;
  });
  const auto differs = [&](const Gpu& gpu) {
    return gpu.index >= 0 && !gpu.is_slice && gpu.name != survey.gpus.front().name;
  };
  return counts && std::any_of(survey.gpus.begin(), survey.gpus.end(), differs);
}

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
  int index = 0;
  for (int i = 0; i < nvml.count(); ++i) {
    std::string why;
    const std::optional<Nvml::Device> device = nvml.device(i, why);
    if (!device) {
      gpus.push_back(unreachable(why));
      continue;
    }
    Gpu gpu = describe(nvml, *device, index++);
    const bool in_slices = nvml.in_mig_mode(*device);
    const std::vector<Nvml::Device> slices = nvml.slices(*device);
    if (in_slices) gpu.why_not = slices.empty() ? "in MIG mode without slices" : "in MIG slices";
    gpus.push_back(gpu);
    for (const Nvml::Device slice : slices) gpus.push_back(describe_slice(nvml, slice, gpu));
  }
  return gpus;
}

void number_visible(GpuSurvey& survey, std::optional<std::string_view> value) {
  std::vector<size_t> order = shown_by(survey, value);
  std::erase_if(order, [&](size_t i) { return !can_be_visible(survey.gpus[i]); });
  int next = 0;
  for (const size_t i : order) {
    if (!survey.gpus[i].is_visible()) survey.gpus[i].number = next++;
  }
  for (Gpu& gpu : survey.gpus) {
    if (!can_be_visible(gpu)) continue;
    if (!gpu.is_visible()) {
      gpu.why_not = fmt::format("hidden by CUDA_VISIBLE_DEVICES={}", *value);
    } else if (is_too_old(gpu)) {
      gpu.why_not = fmt::format("compute capability {}, at least {} is needed",
                                gpu.compute_capability, kLeastComputeCapability);
    }
  }
}

void note_order(GpuSurvey& survey, std::optional<std::string_view> value, std::string_view order) {
  if (order == kByBus || !may_be_counted_otherwise(survey, value)) return;
  survey.notes.push_back(
      fmt::format("CUDA_VISIBLE_DEVICES={}: counted in the order of the PCI bus, as by nvidia-smi; "
                  "other programs count the fastest GPU first, but for CUDA_DEVICE_ORDER={}",
                  *value, kByBus));
}

// The order is the driver's, should the GPU have no UUID.
void see_only(const Gpu& gpu) {
  ::setenv("CUDA_DEVICE_ORDER", kByBus, 1);
  ::setenv("CUDA_VISIBLE_DEVICES", gpu.selector().c_str(), 1);
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
  const char* value = ::getenv("CUDA_VISIBLE_DEVICES");
  const auto visible = value ? std::optional<std::string_view>(value) : std::nullopt;
  number_visible(survey, visible);
  const char* order = ::getenv("CUDA_DEVICE_ORDER");
  note_order(survey, visible, order ? order : "");
  return survey;
}

}  // namespace mlrun::device
