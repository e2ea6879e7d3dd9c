#include "trials/child_process.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/clock.h"
#include "base/error.h"

namespace mlrun::trials {
namespace {

// A process that closes its end of the channel is on its way out: it may still free gigabytes.
constexpr double kEndSeconds = 10;
constexpr double kLeastPause = 2e-5;
constexpr double kMostPause = 0.02;

volatile sig_atomic_t stop = 0;

pid_t parent_of_this = 0;

void request_stop(int, siginfo_t* info, void*) {
  if (info->si_pid == parent_of_this) stop = 1;
}

// Signals reach the whole process group; what they mean is the parent's decision: here only the
// parent's own SIGTERM counts.
void set_up_signals() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGUSR1, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  struct sigaction action {};
  action.sa_sigaction = request_stop;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGTERM, &action, nullptr);
}

[[noreturn]] void live(const std::function<void(Channel&)>& life, Channel channel) {
  int code = 0;
  try {
    life(channel);
  } catch (const std::exception& error) {
    const std::string text = fmt::format("worker {}: {}\n", ::getpid(), error.what());
    code = ::write(STDERR_FILENO, text.data(), text.size()) < 0 ? 2 : 1;
  }
  ::_exit(code);  // the parent's buffers and destructors are not the child's
}

}  // namespace

ChildProcess::ChildProcess(const std::function<void(Channel&)>& life) {
  auto [mine, theirs] = Channel::make_pair();
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw_errno("fork");
  if (pid_ == 0) {
    parent_of_this = parent;
    set_up_signals();
    if (::getppid() != parent) ::_exit(0);
    mine.close();
    live(life, std::move(theirs));
  }
  channel_ = std::make_unique<Channel>(std::move(mine));
}

ChildProcess::~ChildProcess() {
  if (pid_ < 0) return;
  channel_->close();
  kill();
  reap();
}

void ChildProcess::interrupt() {
  if (pid_ > 0) ::kill(pid_, SIGTERM);
}

void ChildProcess::kill() {
  if (pid_ > 0) ::kill(pid_, SIGKILL);
}

std::string ChildProcess::reap() {
  std::string how = reap_within(kEndSeconds);
  if (how.empty()) {
    kill();
    how = reap_within(kEndSeconds);
  }
  pid_ = -1;
  return how.empty() ? "does not end" : how;
}

std::string ChildProcess::reap_within(double seconds) {
  const double limit = now_seconds() + seconds;
  int status = 0;
  pid_t ended = 0;
  for (double pause = kLeastPause;; pause = std::min(2 * pause, kMostPause)) {
    ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended != 0 && !(ended < 0 && errno == EINTR)) break;
    if (now_seconds() >= limit) return "";
    std::this_thread::sleep_for(std::chrono::duration<double>(pause));
  }
  pid_ = -1;
  if (ended < 0) return "gone";
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
    return "killed by signal 9 (by the system, if memory ran out)";
  }
  if (WIFSIGNALED(status)) {
    return fmt::format("killed by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  }
  return fmt::format("exited with code {}", WEXITSTATUS(status));
}

bool ChildProcess::stop_requested() { return stop != 0; }

}  // namespace mlrun::trials
