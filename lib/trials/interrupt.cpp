#include "trials/interrupt.h"

#include <signal.h>

namespace mlrun::trials {
namespace {

volatile sig_atomic_t interrupts = 0;

void count_interrupt(int) { interrupts = interrupts + 1; }

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGUSR1};

}  // namespace

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
