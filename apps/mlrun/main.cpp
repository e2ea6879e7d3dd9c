#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <system_error>

#include "base/error.h"
#include "base/version.h"
#include "command.h"
#include "ops/product/blas_kernels.h"
#include "trials/interrupt.h"

namespace mlrun::app {
namespace {

constexpr const char* kFooter =
    "First steps:\n"
    "  mlrun check FILE.yaml        what would be run: layers, parameters, memory, trials\n"
    "  mlrun train FILE.yaml        train it; the same command again prints the results\n"
    "  mlrun help                   everything an experiment file may hold\n"
    "  mlrun help layer Dense       the options of one layer, loss, optimizer, ...\n"
    "\n"
    "Exit codes: 0 all trials succeeded, 1 the run failed, 2 bad usage or experiment,\n"
    "3 some trials failed, 75 interrupted, or another mlrun is in the folder (the same command\n"
    "goes on).";

// Errors in files begin with their position (or with "error: "), all others with the program.
void print_error(const std::string& text, bool is_input) {
  const bool has_position = is_input && text.find("error: ") != std::string::npos;
  note((has_position ? "" : "mlrun: error: ") + text + "\n");
}

// Without this the first file opened takes the number of a closed stdout, and is printed into.
void fill_standard_streams() {
  for (int fd = ::open("/dev/null", O_RDWR); fd >= 0; fd = ::dup(fd)) {
    if (fd <= STDERR_FILENO) continue;
    ::close(fd);
    return;
  }
}

// A reader that has gone (| head) is no failure of ours; a full disk is.
void finish_output() {
  const bool failed = std::fflush(stdout) != 0 || std::ferror(stdout) != 0;
  pollfd reader{STDOUT_FILENO, POLLOUT, 0};
  const bool gone = ::poll(&reader, 1, 0) == 1 && (reader.revents & POLLERR) != 0;
  if (failed && !gone) throw Error("cannot write to stdout");
}

// The same, noticed before the end. Another pipe that breaks is a failure.
bool is_reader_of_stdout_gone(const std::system_error& error) {
  return error.code() == std::errc::broken_pipe && std::ferror(stdout) != 0;
}

int run(int argc, char** argv) {
  trials::exit_on_interrupt(kInterrupted, "interrupted\n");
  CommandLine line("mlrun",
                   "Machine-learning experiments: YAML in, HDF5 out, every core busy in between.",
                   version());
  add_search_commands(line);
  add_predict_command(line);
  add_scale_command(line);
  add_check_command(line);
  add_data_command(line);
  add_generate_command(line);
  add_translate_command(line);
  add_devices_command(line);
  add_help_command(line);
  line.set_footer(kFooter);
  return line.run(argc, argv, kBadInput);
}

}  // namespace
}  // namespace mlrun::app

int main(int argc, char** argv) {
  using namespace mlrun;
  app::fill_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a write beyond ulimit -f fails instead
  ops::choose_blas_kernels();
  try {
    const int code = app::run(argc, argv);
    app::finish_output();
    return code;
  } catch (const InputError& error) {
    app::print_error(error.what(), true);
    return app::kBadInput;
  } catch (const BusyError& error) {
    app::print_error(error.what(), false);
    return app::kInterrupted;
  } catch (const std::bad_alloc&) {
    app::print_error("out of memory", false);
    return app::kRunFailed;
  } catch (const std::system_error& error) {
    if (app::is_reader_of_stdout_gone(error)) return app::kSuccess;
    app::print_error(error.what(), false);
    return app::kRunFailed;
  } catch (const std::exception& error) {
    app::print_error(error.what(), false);
    return app::kRunFailed;
  }
}
