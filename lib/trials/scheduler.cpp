#include "trials/scheduler.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>

#include "store/bytes.h"
#include "trials/ranking.h"

namespace mlrun::trials {
namespace {

// A record is on the disk's way at once; the disk is told to hurry this often.
constexpr double kSyncSeconds = 0.2;
constexpr int kPollMilliseconds = 100;
// What a trial with checkpoints has to end its epoch after a signal.
constexpr double kGraceSeconds = 20;

volatile sig_atomic_t interrupts = 0;

void count_interrupt(int) { interrupts = interrupts + 1; }

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGUSR1};

double expected_cost(const Search& search, const Trial& trial) {
  const Cell& cell = search.cells[static_cast<size_t>(trial.cell)];
  return cell.model.training_flops_per_sample * static_cast<double>(cell.spec.train.epochs);
}

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

Scheduler::Scheduler(const Search& search, const SchedulerOptions& options, store::Journal& journal,
                     Progress& progress, std::map<int32_t, TrialRecord>& records)
    : search_(search),
      options_(options),
      journal_(journal),
      progress_(progress),
      records_(records) {}

Scheduler::~Scheduler() = default;

RunOutcome Scheduler::run(std::vector<Trial> trials) {
  std::stable_sort(trials.begin(), trials.end(), [&](const Trial& a, const Trial& b) {
    return expected_cost(search_, a) > expected_cost(search_, b);
  });
  queue_.assign(trials.begin(), trials.end());
  slots_.resize(std::min<size_t>(static_cast<size_t>(options_.workers), trials.size()));
  while (!should_stop() && (!queue_.empty() || any_running())) {
    hand_out();
    wait_for_messages();
    progress_.tick();
    sync_now_and_then();
  }
  const bool over = queue_.empty() && !any_running();
  if (!over) stop_workers();
  slots_.clear();
  journal_.sync();
  if (failed_ && options_.stop_on_error) return RunOutcome::kStopped;
  return over ? RunOutcome::kDone : RunOutcome::kInterrupted;
}

bool Scheduler::should_stop() const {
  return InterruptGuard::requested() || (failed_ && options_.stop_on_error) ||
         (options_.deadline > 0 && now_seconds() >= options_.deadline);
}

bool Scheduler::any_running() const {
  return std::any_of(slots_.begin(), slots_.end(),
                     [](const Slot& slot) { return slot.trial.has_value(); });
}

void Scheduler::start(Slot& slot, size_t index) {
  WorkerOptions options;
  options.index = static_cast<int>(index);
  options.threads = options_.threads;
  for (int i = 0; i < options_.threads && !options_.cores.empty(); ++i) {
    const size_t core = index * static_cast<size_t>(options_.threads) + static_cast<size_t>(i);
    options.cores.push_back(options_.cores[core % options_.cores.size()]);
  }
  options.checkpoints = options_.checkpoints;
  options.model = options_.model;
  options.keep_predictions = options_.keep_predictions;
  options.send_epochs = true;
  slot.worker = std::make_unique<Worker>(search_, options, [&] { journal_.close_in_child(); });
}

void Scheduler::hand_out() {
  for (size_t i = 0; i < slots_.size() && !queue_.empty(); ++i) {
    Slot& slot = slots_[i];
    if (slot.trial) continue;
    if (!slot.worker) start(slot, i);
    slot.trial = queue_.front();
    queue_.pop_front();
    try {
      slot.worker->run(*slot.trial);
    } catch (const Error&) {
      on_death(slot);  // it died while idle: the trial is none the worse
    }
  }
}

void Scheduler::wait_for_messages() {
  std::vector<pollfd> fds;
  std::vector<Slot*> owners;
  for (Slot& slot : slots_) {
    if (!slot.worker) continue;
    fds.push_back({slot.worker->process().channel().fd(), POLLIN, 0});
    owners.push_back(&slot);
  }
  if (::poll(fds.data(), fds.size(), kPollMilliseconds) <= 0) return;
  for (size_t i = 0; i < fds.size(); ++i) {
    if (fds[i].revents != 0) read_from(*owners[i]);
  }
}

void Scheduler::read_from(Slot& slot) {
  const bool open = slot.worker->process().channel().read_available();
  while (const std::optional<std::string> message = slot.worker->process().channel().next()) {
    on_message(slot, *message);
  }
  if (!open) on_death(slot);
}

void Scheduler::on_message(Slot& slot, const std::string& message) {
  const std::string_view content = std::string_view(message).substr(1);
  if (static_cast<WorkerMessage>(message[0]) == WorkerMessage::kEpoch) {
    store::ByteReader reader(content);
    const auto trial = reader.get<int32_t>();
    const auto epoch = reader.get<int64_t>();
    progress_.on_epoch(trial, epoch, reader.get<double>());
    return;
  }
  TrialRecord record = record_from_bytes(content);
  slot.trial.reset();
  if (record.status == TrialStatus::kInterrupted) return;
  if (record.status == TrialStatus::kFailed) {
    fail_or_retry(std::move(record));
  } else {
    finish(std::move(record));
  }
}

void Scheduler::on_death(Slot& slot) {
  const std::string how = slot.worker->process().reap();
  const int index = slot.worker->index();
  slot.worker.reset();
  if (!slot.trial) return;
  TrialRecord record;
  record.trial = *slot.trial;
  record.status = TrialStatus::kCrashed;
  record.message = "the worker was lost: " + how;
  record.worker = index;
  slot.trial.reset();
  fail_or_retry(std::move(record));
}

void Scheduler::fail_or_retry(TrialRecord record) {
  if (attempts_[record.trial.id] < options_.retries) {
    ++attempts_[record.trial.id];
    progress_.on_retry(record, record.message);
    queue_.push_front(record.trial);
    return;
  }
  finish(std::move(record));
}

void Scheduler::finish(TrialRecord record) {
  record.attempts = attempts_[record.trial.id] + 1;
  failed_ = failed_ || record.status != TrialStatus::kFinished;
  journal_.append(to_bytes(record));
  unsynced_ = true;
  if (!options_.checkpoints.empty()) {
    std::error_code ignored;
    std::filesystem::remove(options_.checkpoints / fmt::format("trial-{}.h5", record.trial.id),
                            ignored);
  }
  const Cell& cell = search_.cells[static_cast<size_t>(record.trial.cell)];
  progress_.on_record(record, describe_params(cell), describe_score(cell.spec, record.test));
  const int32_t id = record.trial.id;
  records_[id] = std::move(record);
}

void Scheduler::sync_now_and_then() {
  if (!unsynced_ || now_seconds() - last_sync_ < kSyncSeconds) return;
  journal_.sync();
  last_sync_ = now_seconds();
  unsynced_ = false;
}

// With checkpoints a trial ends its epoch and saves; without, there is nothing to wait for.
void Scheduler::stop_workers() {
  if (options_.checkpoints.empty()) return;
  for (Slot& slot : slots_) {
    if (slot.trial) slot.worker->process().interrupt();
  }
  const int before = interrupts;
  const double limit = now_seconds() + kGraceSeconds;
  while (any_running() && now_seconds() < limit && interrupts == before) {
    wait_for_messages();
    progress_.tick();
  }
}

}  // namespace mlrun::trials
