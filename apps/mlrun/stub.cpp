#include "command.h"
namespace mlrun::app {
void add_data_command(CLI::App&, Invocation&) {}
}  // namespace mlrun::app
