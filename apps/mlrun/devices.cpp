// mlrun devices
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <limits>

#include "command.h"
#include "device/budget.h"
#include "device/gpu.h"
#include "device/gpu_survey.h"
#include "trials/gpu_absence.h"

namespace mlrun::app {
namespace {

using device::Gpu;
using device::GpuSurvey;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Why no trial can go to the GPU; "" if trials can.
std::string why_not(const Gpu& gpu) {
  return gpu.why_not.empty() ? trials::gpu_absence() : gpu.why_not;
}

std::string name_of(const Gpu& gpu) {
  return gpu.is_visible() ? fmt::format("gpu{}", gpu.number) : "-";
}

template <class T>
std::string text_of(const char* format, std::optional<T> value, double unit = 1) {
  return value ? fmt::format(fmt::runtime(format), static_cast<double>(*value) / unit) : "-";
}

// For people: what is not known is "-".
store::Table readable_table(const std::vector<Gpu>& gpus) {
  constexpr double kGiB = 1 << 30;
  std::vector<std::string> numbers, names, memory, free, capability, power, temperature, uuids;
  for (const Gpu& gpu : gpus) {
    numbers.push_back(name_of(gpu));
    names.push_back(gpu.name.empty() ? "-" : gpu.name);
    memory.push_back(gpu.memory ? fmt::format("{:.1f} GiB", gpu.memory->total_bytes / kGiB) : "-");
    free.push_back(gpu.memory ? fmt::format("{:.1f} GiB", gpu.memory->free_bytes / kGiB) : "-");
    capability.push_back(gpu.compute_capability.empty() ? "-" : gpu.compute_capability);
    power.push_back(text_of("{:.0f} W", gpu.reading.power_w));
    temperature.push_back(text_of("{:.0f} C", gpu.reading.temperature_c));
    uuids.push_back(gpu.uuid.empty() ? "-" : gpu.uuid);
  }
  return {{{"gpu", numbers},
           {"name", names},
           {"memory", memory},
           {"free", free},
           {"compute", capability},
           {"power", power},
           {"temp", temperature},
           {"uuid", uuids}}};
}

void print_gpus(const GpuSurvey& survey) {
  if (survey.gpus.empty()) {
    fmt::print("gpus: none\n  {}\n", survey.absence);
    return;
  }
  fmt::print("gpus: {} visible\n", survey.visible().size());
  print_table(readable_table(survey.gpus), Format::kTable);
  for (const Gpu& gpu : survey.gpus) {
    if (!gpu.why_not.empty())
      fmt::print("  not used: {} {}: {}\n", gpu.name, gpu.uuid, gpu.why_not);
  }
  for (const std::string& text : survey.notes) fmt::print("  {}\n", text);
}

void print_readable(const device::Budget& budget, const GpuSurvey& survey) {
  fmt::print("cores: {} ({})\n", budget.core_count(), fmt::join(budget.cpu_ids(), ", "));
  for (const std::string& reason : budget.reasons) fmt::print("  {}\n", reason);
  fmt::print("  workers are {}\n",
             budget.may_pin ? "pinned to their cores when a run takes all of them" : "not pinned");
  if (budget.memory_bytes > 0) {
    fmt::print("memory: {:.1f} GiB\n", static_cast<double>(budget.memory_bytes) / (1 << 30));
  }
  print_gpus(survey);
  const std::string& absence = trials::gpu_absence();
  if (!absence.empty()) fmt::print("  {}\n", absence);
}

// The rows of the other formats: the CPU, then every GPU.
class Rows {
 public:
  void add_cpu(const device::Budget& budget) {
    add_texts("cpu", Gpu{}, "");
    const auto bytes = static_cast<double>(budget.memory_bytes);
    add_numbers(budget.core_count(), bytes > 0 ? bytes : kNan, kNan, {});
  }

  void add_gpu(const Gpu& gpu) {
    add_texts(gpu.is_visible() ? name_of(gpu) : "", gpu, why_not(gpu));
    add_numbers(0, gpu.memory ? static_cast<double>(gpu.memory->total_bytes) : kNan,
                gpu.memory ? static_cast<double>(gpu.memory->free_bytes) : kNan, gpu.reading);
  }

  store::Table table() const {
    return {{{"device", devices_},
             {"name", names_},
             {"uuid", uuids_},
             {"compute_capability", capability_},
             {"mig_slice", slices_},
             {"pci_bus", buses_},
             {"cores", cores_},
             {"memory_bytes", memory_},
             {"memory_free_bytes", free_},
             {"power_w", power_},
             {"temperature_c", temperature_},
             {"sm_clock_mhz", clock_},
             {"utilization", utilization_},
             {"not_used", reasons_}}};
  }

 private:
  void add_texts(std::string device, const Gpu& gpu, std::string reason) {
    devices_.push_back(std::move(device));
    names_.push_back(gpu.name);
    uuids_.push_back(gpu.uuid);
    capability_.push_back(gpu.compute_capability);
    slices_.push_back(gpu.is_slice ? 1 : 0);
    buses_.push_back(gpu.bus);
    reasons_.push_back(std::move(reason));
  }

  void add_numbers(int cores, double memory, double free, const device::GpuReading& reading) {
    cores_.push_back(cores);
    memory_.push_back(memory);
    free_.push_back(free);
    power_.push_back(reading.power_w.value_or(kNan));
    temperature_.push_back(reading.temperature_c.value_or(kNan));
    clock_.push_back(reading.sm_clock_mhz.value_or(kNan));
    utilization_.push_back(reading.utilization.value_or(kNan));
  }

  std::vector<std::string> devices_, names_, uuids_, capability_, buses_, reasons_;
  std::vector<int32_t> slices_, cores_;
  std::vector<double> memory_, free_, power_, temperature_, clock_, utilization_;
};

int run(Format format) {
  const device::Budget budget = device::find_budget();
  const GpuSurvey survey = device::survey_gpus();
  if (format == Format::kTable) {
    print_readable(budget, survey);
    return kSuccess;
  }
  Rows rows;
  rows.add_cpu(budget);
  for (const Gpu& gpu : survey.gpus) rows.add_gpu(gpu);
  print_table(rows.table(), format);
  return kSuccess;
}

}  // namespace

void add_devices_command(CommandLine& line) {
  auto format = std::make_shared<Format>(Format::kTable);
  Verb verb = line.program().add_verb(
      "devices", "Print the cores and GPUs there are, and why one is not used");
  add_format_option(verb, *format);
  verb.runs([format] { return run(*format); });
}

}  // namespace mlrun::app
