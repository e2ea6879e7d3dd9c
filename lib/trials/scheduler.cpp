#include "trials/scheduler.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>

#include "base/error.h"
#include "store/bytes.h"
#include "trials/ranking.h"
#include "trials/run_files.h"

namespace mlrun::trials {
namespace {

// A record is on the disk's way at once; the disk is told to hurry this often.
constexpr double kSyncSeconds = 0.2;
// Samples of the devices are many and small; a crash of the parent costs those of this long.
constexpr double kSamplesSeconds = 5;
constexpr int kPollMilliseconds = 100;
// What a trial with checkpoints has to end its epoch after a signal.
constexpr double kGraceSeconds = 20;
// Of workers on a GPU in a row, while there are other GPUs.
constexpr int kMostDeaths = 3;

double expected_cost(const Search& search, const Trial& trial) {
  const Cell& cell = search.cells[static_cast<size_t>(trial.cell)];
  return cell.model.training_flops_per_sample * static_cast<double>(cell.spec.train.epochs);
}

}  // namespace

Scheduler::Scheduler(const Search& search, const SchedulerOptions& options, RunState state)
    : search_(search), options_(options), state_(state) {
  for (Station& station : state_.fleet.stations) slots_.push_back({&station, nullptr, {}});
}

RunOutcome Scheduler::run(std::vector<Trial> trials) {
  const auto shape = [&](const Trial& trial) {
    return search_.cells[static_cast<size_t>(trial.cell)].shape;
  };
  std::stable_sort(trials.begin(), trials.end(), [&](const Trial& a, const Trial& b) {
    return std::pair(-expected_cost(search_, a), shape(a)) <
           std::pair(-expected_cost(search_, b), shape(b));
  });
  for (const Trial& trial : trials) queue_.push_back({.trial = trial, .shape = shape(trial)});
  last_samples_ = now_seconds();
  while (!should_stop() && (!queue_.empty() || any_running())) {
    if (!state_.fleet.has_usable()) give_up_queue();
    hand_out();
    wait_for_messages();
    watch_devices();
    state_.progress.tick();
    sync_now_and_then();
  }
  if (!queue_.empty() || any_running()) stop_workers();
  const bool over = queue_.empty() && !any_running() && !interrupted_;
  for (Slot& slot : slots_) slot.worker.reset();
  journal_samples();
  state_.journal.sync();
  if (failed_ && options_.stop_on_error) return RunOutcome::kStopped;
  return over ? RunOutcome::kDone : RunOutcome::kInterrupted;
}

bool Scheduler::should_stop() const {
  return InterruptGuard::requested() || (failed_ && options_.stop_on_error) ||
         (options_.deadline > 0 && now_seconds() >= options_.deadline);
}

bool Scheduler::any_running() const {
  return std::any_of(slots_.begin(), slots_.end(),
                     [](const Slot& slot) { return !slot.running.empty(); });
}

void Scheduler::start(size_t index) {
  const std::vector<int>& cores = state_.fleet.cores;
  WorkerOptions options;
  options.index = static_cast<int>(index);
  options.placement = slots_[index].station->placement;
  options.make_engine = options_.make_engine;
  options.threads = state_.fleet.threads;
  for (int i = 0; i < options.threads && !cores.empty(); ++i) {
    const size_t core = index * static_cast<size_t>(options.threads) + static_cast<size_t>(i);
    options.cores.push_back(cores[core % cores.size()]);
  }
  options.checkpoints = options_.checkpoints;
  options.model = options_.model;
  options.keep_predictions = options_.keep_predictions;
  slots_[index].worker =
      std::make_unique<Worker>(search_, options, [&] { state_.journal.close_in_child(); });
}

void Scheduler::hand_out() {
  while (auto next = next_assignment(search_, queue_, slots_)) {
    Slot& slot = slots_[next->slot];
    if (!slot.worker) start(next->slot);
    std::vector<Trial> trials;
    for (const Pending& pending : next->trials) {
      trials.push_back(pending.trial);
      state_.monitor.started(slot.station->placement, pending.trial.id);
    }
    slot.add(std::move(next->trials));
    try {
      slot.worker->run(trials);
    } catch (const Error&) {
      on_death(slot);
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
  if (!slot.station->is_usable()) {
    retire(slot);
  } else if (!open) {
    on_death(slot);
  }
}

void Scheduler::on_message(Slot& slot, const std::string& message) {
  const std::string_view content = std::string_view(message).substr(1);
  store::ByteReader reader(content);
  switch (static_cast<WorkerMessage>(message[0])) {
    case WorkerMessage::kEpoch: {
      const auto trial = reader.get<int32_t>();
      const auto epoch = reader.get<int64_t>();
      return state_.progress.on_epoch(trial, epoch, reader.get<double>());
    }
    case WorkerMessage::kOutOfMemory: {
      const Slot::Running ended = take_all(slot, slot.find(reader.get<int32_t>()));
      return on_out_of_memory(slot, ended, reader.get_string());
    }
    case WorkerMessage::kNote: {
      const auto trial = reader.get<int32_t>();
      return state_.progress.on_note(trial, reader.get_string());
    }
    case WorkerMessage::kDeviceLost:
      reader.get<int32_t>();
      slot.station->loss = reader.get_string();
      return;
    case WorkerMessage::kRecord:
      return on_record(slot, record_from_bytes(content), true);
    case WorkerMessage::kRefusal:
      return on_record(slot, record_from_bytes(content), false);
  }
}

// The trial ends here, however it ends; others of its stack may go on.
void Scheduler::on_record(Slot& slot, TrialRecord record, bool may_retry) {
  const auto running = slot.find(record.trial.id);
  const bool stacked = running->is_stacked();
  std::erase_if(running->trials,
                [&](const Pending& pending) { return pending.trial.id == record.trial.id; });
  if (running->trials.empty()) slot.running.erase(running);
  slot.deaths = 0;
  record.energy_joules = state_.monitor.ended(slot.station->placement, record.trial.id);
  if (record.status == TrialStatus::kInterrupted) {
    interrupted_ = true;
    return;
  }
  if (record.status != TrialStatus::kFailed) return finish(std::move(record));
  if (stacked) return run_alone(slot, record.trial, record.message, true);
  if (!may_retry) return finish(std::move(record));
  fail_or_retry(std::move(record), slot);
}

Slot::Running Scheduler::take_all(Slot& slot, std::list<Slot::Running>::iterator running) {
  Slot::Running ended = std::move(*running);
  slot.running.erase(running);
  for (const Pending& pending : ended.trials) {
    state_.monitor.ended(slot.station->placement, pending.trial.id);
  }
  return ended;
}

// They come back when one of the others has ended, or as smaller stacks. One that had the device
// alone needs more than there is.
void Scheduler::on_out_of_memory(Slot& slot, const Slot::Running& ended, const std::string& why) {
  if (!ended.had_company && !ended.is_stacked()) {
    return fail_or_retry(failure(slot, ended.trials[0].trial, TrialStatus::kFailed, why), slot);
  }
  Station& station = *slot.station;
  std::string fewer;
  if (ended.had_company) {
    const int others = static_cast<int>(slot.running.size());
    station.capacity = std::max(1, std::min(others, station.capacity - 1));
    fewer = fmt::format("{} at a time", station.capacity);
  } else {
    station.stack = std::min(station.stack, (ended.count + 1) / 2);
    fewer = station.stack == 1 ? "no stacks" : fmt::format("stacks of up to {}", station.stack);
  }
  for (const Pending& pending : ended.trials) {
    state_.progress.on_retry(
        pending.trial, fmt::format("{} ({} now takes {})", why, station.placement.label(), fewer));
  }
  queue_.insert(queue_.begin(), ended.trials.begin(), ended.trials.end());
}

void Scheduler::on_death(Slot& slot) {
  const std::string why = "the worker was lost: " + slot.worker->process().reap();
  slot.worker.reset();
  slot.station->loss = loss_of(slot, why);
  if (!slot.station->is_usable()) return retire(slot);
  const bool was_alone = slot.running.size() == 1 && !slot.running.front().is_stacked();
  while (!slot.running.empty()) {
    const Slot::Running ended = take_all(slot, slot.running.begin());
    for (const Pending& pending : ended.trials) {
      if (was_alone) {
        fail_or_retry(failure(slot, pending.trial, TrialStatus::kCrashed, why), slot);
      } else {
        run_alone(slot, pending.trial, why, ended.is_stacked());
      }
    }
  }
}

// What the driver says of a GPU. One whose workers die one after the other takes the trials from
// those that are well.
std::string Scheduler::loss_of(Slot& slot, const std::string& death) {
  const Placement& placement = slot.station->placement;
  const std::string reported = state_.monitor.loss(placement);
  if (!reported.empty() || !placement.gpu || ++slot.deaths < kMostDeaths) return reported;
  const auto usable = std::count_if(slots_.begin(), slots_.end(),
                                    [](const Slot& other) { return other.station->is_usable(); });
  return usable > 1 ? fmt::format("{} times in a row {}", slot.deaths, death) : "";
}

// Of several, which one it was is not known.
void Scheduler::run_alone(const Slot& slot, const Trial& trial, const std::string& why,
                          bool stacked) {
  if (stacked) ++attempts_[trial.id];
  state_.progress.on_retry(trial, why + ", with several trials");
  queue_.push_front({.trial = trial, .alone = true, .avoid = to_avoid(slot)});
}

// A process whose GPU is gone may wait for it for ever.
void Scheduler::watch_devices() {
  if (!state_.monitor.tick()) return;
  for (Slot& slot : slots_) {
    if (!slot.worker || !slot.station->is_usable()) continue;
    slot.station->loss = state_.monitor.loss(slot.station->placement);
    if (!slot.station->is_usable()) retire(slot);
  }
}

void Scheduler::retire(Slot& slot) {
  state_.progress.on_device_lost(slot.station->placement.label(), slot.station->loss);
  slot.worker.reset();
  while (!slot.running.empty()) {
    const Slot::Running ended = take_all(slot, slot.running.begin());
    for (const Pending& pending : ended.trials) after_loss(slot, pending);
  }
}

void Scheduler::after_loss(const Slot& slot, const Pending& pending) {
  const std::string why = "its device was lost: " + slot.station->loss;
  if (losses_[pending.trial.id] > 0 || !state_.fleet.has_usable()) {
    return finish(failure(slot, pending.trial, TrialStatus::kCrashed, why));
  }
  ++losses_[pending.trial.id];
  state_.progress.on_retry(pending.trial, why);
  queue_.push_front(pending);
}

void Scheduler::give_up_queue() {
  for (; !queue_.empty(); queue_.pop_front()) {
    TrialRecord record;
    record.trial = queue_.front().trial;
    record.status = TrialStatus::kFailed;
    record.message = "not run: no device is left";
    record.device.clear();
    finish(std::move(record));
  }
}

TrialRecord Scheduler::failure(const Slot& slot, const Trial& trial, TrialStatus status,
                               std::string message) const {
  TrialRecord record;
  record.trial = trial;
  record.status = status;
  record.message = std::move(message);
  record.worker = index_of(slot);
  record.device = slot.station->placement.label();
  return record;
}

// One core is as good as another.
int Scheduler::to_avoid(const Slot& slot) const {
  return slot.station->placement.gpu ? index_of(slot) : -1;
}

void Scheduler::fail_or_retry(TrialRecord record, const Slot& slot) {
  if (attempts_[record.trial.id] < options_.retries) {
    ++attempts_[record.trial.id];
    state_.progress.on_retry(record.trial, record.message);
    queue_.push_front({.trial = record.trial, .avoid = to_avoid(slot)});
    return;
  }
  finish(std::move(record));
}

void Scheduler::finish(TrialRecord record) {
  record.attempts = attempts_[record.trial.id] + losses_[record.trial.id] + 1;
  failed_ = failed_ || record.status != TrialStatus::kFinished;
  state_.journal.append(to_bytes(record));
  unsynced_ = true;
  if (!options_.checkpoints.empty()) {
    std::error_code ignored;
    std::filesystem::remove(checkpoint_of(options_.checkpoints, record.trial.id), ignored);
  }
  const Cell& cell = search_.cells[static_cast<size_t>(record.trial.cell)];
  state_.progress.on_record(record, describe_params(cell), describe_score(cell.spec, record.test));
  const int32_t id = record.trial.id;
  state_.records[id] = std::move(record);
}

void Scheduler::journal_samples() {
  last_samples_ = now_seconds();
  const DeviceSamples samples = state_.monitor.take_samples();
  if (samples.empty()) return;
  state_.journal.append(to_bytes(samples));
  unsynced_ = true;
  state_.samples.append(samples);
}

void Scheduler::sync_now_and_then() {
  if (now_seconds() - last_samples_ > kSamplesSeconds) journal_samples();
  if (!unsynced_ || now_seconds() - last_sync_ < kSyncSeconds) return;
  state_.journal.sync();
  last_sync_ = now_seconds();
  unsynced_ = false;
}

// With checkpoints a trial ends its epoch and saves; without, there is nothing to wait for.
void Scheduler::stop_workers() {
  if (options_.checkpoints.empty()) return;
  for (Slot& slot : slots_) {
    if (!slot.running.empty()) slot.worker->process().interrupt();
  }
  const int before = InterruptGuard::count();
  const double limit = now_seconds() + kGraceSeconds;
  while (any_running() && now_seconds() < limit && InterruptGuard::count() == before) {
    wait_for_messages();
    state_.progress.tick();
  }
}

}  // namespace mlrun::trials
