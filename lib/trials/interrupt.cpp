#include "trials/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <string_view>

namespace mlrun::trials {
namespace {

volatile sig_atomic_t interrupts = 0;

void count_interrupt(int) { interrupts = interrupts + 1; }

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGUSR1};

volatile sig_atomic_t exit_code = 0;

void exit_at_once(int) {
  constexpr std::string_view kText = "interrupted before anything was trained\n";
  [[maybe_unused]] const ssize_t put = ::write(STDERR_FILENO, kText.data(), kText.size());
  ::_exit(exit_code);
}

}  // namespace

void exit_on_interrupt(int code) {
  exit_code = code;
  for (const int signal : kSignals) ::signal(signal, exit_at_once);
}

InterruptGuard::InterruptGuard() {
  interrupts = 0;
  struct sigaction action {};
  action.sa_handler = count_interrupt;
  for (const int signal : kSignals) ::sigaction(signal, &action, nullptr);
}

InterruptGuard::~InterruptGuard() {
  for (const int signal : kSignals) ::signal(signal, SIG_DFL);
}

bool InterruptGuard::requested() { return interrupts > 0; }

int InterruptGuard::count() { return interrupts; }

}  // namespace mlrun::trials
