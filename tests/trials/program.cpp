#include "trials/program.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

#include "places.h"

namespace mlrun::test {
namespace {

int exit_code(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Program::Program(std::vector<std::string> arguments, const std::filesystem::path& log) {
  arguments.insert(arguments.begin(), program().string());
  std::vector<char*> words;
  for (std::string& argument : arguments) words.push_back(argument.data());
  words.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork");
  if (pid_ == 0) {
    const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
    ::execv(program().c_str(), words.data());
    ::_exit(127);
  }
}

Program::~Program() {
  if (status_ >= 0) return;
  signal(SIGKILL);
  wait();
}

void Program::signal(int number) const { ::kill(pid_, number); }

bool Program::running() {
  if (status_ >= 0) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return true;
  status_ = exit_code(status);
  return false;
}

std::vector<pid_t> Program::children() const {
  const std::string task = std::to_string(pid_);
  std::ifstream file("/proc/" + task + "/task/" + task + "/children");
  std::vector<pid_t> pids;
  for (pid_t pid; file >> pid;) pids.push_back(pid);
  return pids;
}

int Program::wait() {
  if (status_ >= 0) return status_;
  int status = 0;
  ::waitpid(pid_, &status, 0);
  status_ = exit_code(status);
  return status_;
}

int run_program(std::vector<std::string> arguments, const std::filesystem::path& log) {
  return Program(std::move(arguments), log).wait();
}

}  // namespace mlrun::test
