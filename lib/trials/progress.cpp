#include "trials/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "base/tell.h"

namespace mlrun::trials {
namespace {

constexpr double kRedrawSeconds = 0.1;  // terminal
constexpr double kLineSeconds = 5;      // log file

// Of a terminal that can rub out a line.
bool has_terminal() {
  const char* const kind = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) != 0 && (kind == nullptr || std::string_view(kind) != "dumb");
}

}  // namespace

Progress::Progress(Verbosity verbosity, int64_t total, int64_t done, int64_t epochs,
                   const std::filesystem::path& log)
    : verbosity_(verbosity),
      log_(log, std::ios::app),
      terminal_(has_terminal()),
      total_(total),
      done_(done),
      done_before_(done),
      epochs_(std::max<int64_t>(epochs, 1)) {}

Progress::~Progress() { finish(); }

void Progress::on_epoch(int32_t trial, int64_t epoch, double loss) {
  running_[trial] = epoch + 1;
  last_loss_ = loss;
}

void Progress::on_record(const TrialRecord& record, const std::string& params,
                         const std::string& score) {
  running_.erase(record.trial.id);
  ++done_;
  const bool bad = record.status != TrialStatus::kFinished;
  failed_ += bad ? 1 : 0;
  const std::string fold =
      record.trial.fold == kRefitFold ? "" : fmt::format(" fold {}", record.trial.fold);
  note(fmt::format("trial {} (cell {}{}: {}) {}{}{}", record.trial.id, record.trial.cell, fold,
                   params, to_string(record.status), bad ? ": " + record.message : "",
                   bad ? "" : fmt::format(", {}, {}", score, format_duration(record.fit_seconds))),
       bad ? Verbosity::kNormal : Verbosity::kVerbose);
}

void Progress::on_retry(const Trial& trial, const std::string& reason) {
  running_.erase(trial.id);
  note(fmt::format("trial {} (cell {} fold {}): {}; trying again", trial.id, trial.cell, trial.fold,
                   reason),
       Verbosity::kNormal);
}

void Progress::on_note(int32_t trial, const std::string& text) {
  note(fmt::format("trial {}: {}", trial, text), Verbosity::kNormal);
}

void Progress::on_device_lost(const std::string& device, const std::string& why) {
  note(fmt::format("{} is lost: {}; it gets no further trials", device, why), Verbosity::kNormal);
}

std::string Progress::line() const {
  double fraction = static_cast<double>(done_);
  for (const auto& [trial, epoch] : running_) {
    fraction += std::min(1.0, static_cast<double>(epoch) / static_cast<double>(epochs_));
  }
  const double now = watch_.seconds();
  const double finished = fraction - static_cast<double>(done_before_);
  std::string text = fmt::format("[{}/{}] {:3.0f}%  {}", done_, total_,
                                 100 * fraction / static_cast<double>(std::max<int64_t>(total_, 1)),
                                 format_duration(now));
  if (finished > 0 && now > 0.5) {
    const double left = (static_cast<double>(total_) - fraction) * now / finished;
    text += "  eta " + format_duration(left);
  }
  if (total_ == 1 && !running_.empty()) {
    text +=
        fmt::format("  epoch {}/{}  loss {:.4f}", running_.begin()->second, epochs_, last_loss_);
  }
  if (failed_ > 0) text += fmt::format("  {} failed", failed_);
  return text;
}

void Progress::note(const std::string& text, Verbosity from) {
  const std::string stamped = fmt::format("{} {}\n", utc_timestamp(), text);
  log_ << stamped << std::flush;
  if (verbosity_ < from) return;
  clear_line();
  tell(terminal_ ? text + "\n" : stamped);
}

void Progress::clear_line() {
  if (line_shown_) tell("\r\033[K");
  line_shown_ = false;
}

void Progress::tick() {
  if (verbosity_ == Verbosity::kQuiet) return;
  const double now = watch_.seconds();
  const double interval = terminal_ ? kRedrawSeconds : kLineSeconds;
  if (now - last_drawn_ < interval) return;
  const bool first = last_drawn_ < 0;
  last_drawn_ = now;
  if (terminal_) {
    tell("\r\033[K" + line());
    line_shown_ = true;
  } else if (!first) {
    tell(fmt::format("{} {}\n", utc_timestamp(), line()));
  }
}

void Progress::finish() {
  clear_line();
  if (verbosity_ != Verbosity::kQuiet && !terminal_ && done_ > done_before_) {
    tell(fmt::format("{} {}\n", utc_timestamp(), line()));
  }
  verbosity_ = Verbosity::kQuiet;
}

}  // namespace mlrun::trials
