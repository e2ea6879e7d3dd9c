// mlrun devices
#include <fmt/format.h>

#include "command.h"
#include "device/budget.h"
#include "device/gpu.h"

namespace mlrun::app {
namespace {

int run() {
  const device::Budget budget = device::find_budget();
  fmt::print("cores: {} ({})\n", budget.core_count(), fmt::join(budget.cpu_ids(), ", "));
  for (const std::string& reason : budget.reasons) fmt::print("  {}\n", reason);
  fmt::print("  workers are {}\n",
             budget.may_pin ? "pinned to their cores when a run takes all of them" : "not pinned");
  if (budget.memory_bytes > 0) {
    fmt::print("memory: {:.1f} GiB\n", static_cast<double>(budget.memory_bytes) / (1 << 30));
  }
  fmt::print("gpus: none\n  {}\n", device::gpu_absence());
  return kSuccess;
}

}  // namespace

void add_devices_command(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("devices", "Print the core and GPU budget, and why it is what it is");
  command->callback([&invocation] { invocation.action = run; });
}

}  // namespace mlrun::app
