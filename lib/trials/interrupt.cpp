#include "trials/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <cstring>

#include "base/pending_file.h"

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
const char* volatile last_words = "";

void exit_at_once(int) {
  remove_pending_files();
  const char* const text = last_words;
  [[maybe_unused]] const ssize_t put = ::write(STDERR_FILENO, text, std::strlen(text));
  ::_exit(exit_code);
}

}  // namespace

void exit_on_interrupt(int code, const char* text) {
  exit_code = code;
  last_words = text;
  handle_all(exit_at_once);
}

InterruptGuard::InterruptGuard() {
  interrupts = 0;
  handle_all(count_interrupt);
}

InterruptGuard::~InterruptGuard() {
  last_words = "interrupted\n";
  handle_all(exit_code == 0 ? SIG_DFL : exit_at_once);
}

bool InterruptGuard::requested() { return interrupts > 0; }

int InterruptGuard::count() { return interrupts; }

}  // namespace mlrun::trials
