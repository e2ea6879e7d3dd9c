#include "trials/worker.h"

#include <fmt/format.h>

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <new>
#include <thread>

#include "device/device_error.h"
#include "device/pin.h"
#include "store/bytes.h"
#include "train/fit.h"

namespace mlrun::trials {
namespace {

// The child's whole life.
class Server {
 public:
  Server(const Search& search, const WorkerOptions& options, Channel& channel)
      : search_(search), options_(options), channel_(channel) {}

  ~Server() {
    for (Task& task : tasks_) task.thread.join();
  }

  void serve() {
    if (options_.placement.gpu) device::see_only(*options_.placement.gpu);
    if (!options_.cores.empty()) device::pin_this_process(options_.cores);
    while (const std::optional<std::string> message = channel_.receive()) {
      store::ByteReader reader(*message);
      Trial trial;
      trial.id = reader.get<int32_t>();
      trial.cell = reader.get<int32_t>();
      trial.fold = reader.get<int32_t>();
      if (options_.placement.gpu) {
        answer_in_thread(trial);
      } else {
        answer(trial);
      }
    }
  }

 private:
  struct Task {
    std::atomic<bool> done = false;
    std::thread thread;
  };

  void answer_in_thread(const Trial& trial) {
    for (auto task = tasks_.begin(); task != tasks_.end();) {
      if (!task->done) {
        ++task;
        continue;
      }
      task->thread.join();
      task = tasks_.erase(task);
    }
    Task& task = tasks_.emplace_back();
    task.thread = std::thread([this, &task, trial] {
      try {
        answer(trial);
      } catch (const Error&) {
        // The parent is gone, and this process ends with it.
      }
      task.done = true;
    });
  }

  void answer(const Trial& trial) {
    try {
      send(WorkerMessage::kRecord, to_bytes(attempt(trial)));
    } catch (const std::bad_alloc&) {
      send_about(WorkerMessage::kOutOfMemory, trial, "out of memory");
    } catch (const device::OutOfDeviceMemory& error) {
      send_about(WorkerMessage::kOutOfMemory, trial, error.what());
    } catch (const device::DeviceLost& error) {
      send_about(WorkerMessage::kDeviceLost, trial, error.what());
    }
  }

  void send(WorkerMessage kind, std::string_view content) {
    const std::lock_guard lock(sending_);
    channel_.send(std::string(1, static_cast<char>(kind)) + std::string(content));
  }

  void send_about(WorkerMessage kind, const Trial& trial, std::string_view text) {
    store::ByteWriter writer;
    writer.put(trial.id);
    writer.put(text);
    send(kind, writer.bytes());
  }

  TrialRecord attempt(const Trial& trial) {
    try {
      return train(trial);
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const device::OutOfDeviceMemory&) {
      throw;
    } catch (const device::DeviceLost&) {
      throw;
    } catch (const std::exception& error) {
      return failure(trial, error.what());
    }
  }

  // Made with the first trial, so that what is wrong with it is told as a trial's failure.
  const Engine& engine() {
    const std::lock_guard lock(making_engine_);
    if (!engine_) engine_ = options_.make_engine(options_.placement);
    return engine_;
  }

  TrialRecord failure(const Trial& trial, std::string message) const {
    TrialRecord record;
    record.worker = options_.index;
    record.device = options_.placement.label();
    record.trial = trial;
    record.status = TrialStatus::kFailed;
    record.message = std::move(message);
    return record;
  }

  TrialRecord train(const Trial& trial) {
    const bool refit = trial.fold == kRefitFold;
    const Cell& cell = search_.cells.at(static_cast<size_t>(trial.cell));
    const data::Split& split =
        refit ? search_.hold_out : search_.folds.at(static_cast<size_t>(trial.fold));
    train::FitInput input{.spec = cell.spec,
                          .dataset = search_.dataset,
                          .train_rows = split.train,
                          .test_rows = split.test,
                          .cell = static_cast<uint32_t>(trial.cell),
                          .fold = static_cast<uint32_t>(trial.fold),
                          .threads = options_.threads,
                          .checkpoint = {},
                          .keep_model = refit,
                          .initial_weights = cell.initial_weights.get()};
    if (!options_.checkpoints.empty()) {
      input.checkpoint = options_.checkpoints / fmt::format("trial-{}.h5", trial.id);
    }
    train::FitHooks hooks;
    hooks.should_stop = ChildProcess::stop_requested;
    hooks.on_epoch = [&](const train::EpochRecord& epoch) {
      if (options_.send_epochs) send_epoch(trial, epoch);
    };
    train::FitResult result = engine()(input, hooks);
    if (refit && result.status == train::FitStatus::kFinished) write_model(result, cell);
    if (!options_.keep_predictions) result.predictions.clear();
    TrialRecord record = make_record(trial, std::move(result));
    record.worker = options_.index;
    record.device = options_.placement.label();
    return record;
  }

  void send_epoch(const Trial& trial, const train::EpochRecord& epoch) {
    store::ByteWriter writer;
    writer.put(trial.id);
    writer.put(epoch.epoch);
    writer.put(epoch.training[0]);
    send(WorkerMessage::kEpoch, writer.bytes());
  }

  void write_model(train::FitResult& result, const Cell& cell) {
    if (options_.model.empty()) return;
    result.model.config = config::dump_experiment(cell.spec);
    store::write_model(options_.model, result.model);
  }

  const Search& search_;
  const WorkerOptions& options_;
  Channel& channel_;
  std::mutex sending_;
  std::mutex making_engine_;
  Engine engine_;
  std::list<Task> tasks_;
};

}  // namespace

Worker::Worker(const Search& search, const WorkerOptions& options,
               const std::function<void()>& in_child)
    : index_(options.index), process_([&](Channel& channel) {
        in_child();
        Server(search, options, channel).serve();
      }) {}

void Worker::run(const Trial& trial) {
  store::ByteWriter writer;
  writer.put(trial.id);
  writer.put(trial.cell);
  writer.put(trial.fold);
  process_.channel().send(writer.bytes());
}

}  // namespace mlrun::trials
