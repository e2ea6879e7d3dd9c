// The real program, started as a user would.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace mlrun::test {

/// A running mlrun; killed with this object. stdout and stderr go to `log`.
class Program {
 public:
  Program(std::vector<std::string> arguments, const std::filesystem::path& log);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  bool running();

  /// Processes that it has forked and that still live.
  std::vector<pid_t> children() const;

  /// Waits for its end: the exit code, or 128 + the signal.
  int wait();

 private:
  pid_t pid_;
  int status_ = -1;
};

/// Runs to the end and returns the exit code.
int run_program(std::vector<std::string> arguments, const std::filesystem::path& log);

}  // namespace mlrun::test
