#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>

#include "base/error.h"
#include "base/version.h"
#include "command.h"

namespace mlrun::app {
namespace {

std::string join_words(int argc, char** argv) {
  std::string text = "mlrun";
  for (int i = 1; i < argc; ++i) text += std::string(" ") + argv[i];
  return text;
}

void print_error(const std::string& text) {
  const bool has_position = text.find("error: ") != std::string::npos;
  fmt::print(stderr, "{}{}\n", has_position ? "" : "mlrun: error: ", text);
}

int run(int argc, char** argv) {
  CLI::App app("Machine-learning experiments: YAML in, HDF5 out, every core busy in between.",
               "mlrun");
  app.set_version_flag("--version", "mlrun " + version());
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);
  Invocation invocation{join_words(argc, argv), {}};
  add_search_commands(app, invocation);
  add_scale_command(app, invocation);
  add_check_command(app, invocation);
  add_data_command(app, invocation);
  add_generate_command(app, invocation);
  add_devices_command(app, invocation);
  add_help_command(app, invocation);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    fmt::print(stderr, "mlrun: error: {}\nTry 'mlrun --help'.\n", error.what());
    return kBadInput;
  }
  return invocation.action();
}

}  // namespace
}  // namespace mlrun::app

int main(int argc, char** argv) {
  using namespace mlrun;
  try {
    const int code = app::run(argc, argv);
    // A reader that has gone (| head) is no failure of ours; a full disk is.
    if (std::fflush(stdout) != 0 && errno != EPIPE) throw Error("cannot write to stdout");
    return code;
  } catch (const InputError& error) {
    app::print_error(error.what());
    return app::kBadInput;
  } catch (const std::exception& error) {
    app::print_error(error.what());
    return app::kRunFailed;
  }
}
