// The ways in which mlrun says no.
#pragma once

#include <stdexcept>
#include <string>

namespace mlrun {

/// A run failed: I/O, memory, a worker. Exit code 1.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The user's input is wrong (command line, experiment file, data file). Exit code 2: nothing has
/// been started. `what()` is complete, ready to print, and may span several lines.
class InputError : public Error {
 public:
  using Error::Error;
};

/// What is needed is in use, and will be free: the same command can go on then. Exit code 75.
class BusyError : public Error {
 public:
  using Error::Error;
};

/// "open 'x': No such file or directory" from the current errno.
[[noreturn]] void throw_errno(const std::string& what);

}  // namespace mlrun
