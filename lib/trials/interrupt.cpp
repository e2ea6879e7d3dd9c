#include "trials/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <string_view>

namespace mlrun::trials {
namespace {

volatile sig_atomic_t interrupts = 0;

void count_interrupt(int) { interrupts = interrupts + 1; }

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGUSR1, SIGHUP};

// nohup says that the end of the terminal is to be ignored.
void handle_all(void (*handler)(int)) {
  for (const int signal : kSignals) {
    struct sigaction now {};
    ::sigaction(signal, nullptr, &now);
    if (signal == SIGHUP && now.sa_handler == SIG_IGN) continue;
    struct sigaction action {};
    action.sa_handler = handler;
    ::sigaction(signal, &action, nullptr);
  }
}

volatile sig_atomic_t exit_code = 0;

void exit_at_once(int) {
  constexpr std::string_view kText = "interrupted before anything was trained\n";
  [[maybe_unused]] const ssize_t put = ::write(STDERR_FILENO, kText.data(), kText.size());
  ::_exit(exit_code);
}

}  // namespace

void exit_on_interrupt(int code) {
  exit_code = code;
  handle_all(exit_at_once);
}

InterruptGuard::InterruptGuard() {
  interrupts = 0;
  handle_all(count_interrupt);
}

InterruptGuard::~InterruptGuard() { handle_all(SIG_DFL); }

bool InterruptGuard::requested() { return interrupts > 0; }

int InterruptGuard::count() { return interrupts; }

}  // namespace mlrun::trials
