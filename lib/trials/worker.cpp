#include "trials/worker.h"

#include <fmt/format.h>

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <new>
#include <thread>

#include "base/error.h"
#include "device/device_error.h"
#include "device/pin.h"
#include "ops/product/precision.h"
#include "store/bytes.h"
#include "train/fit.h"
#include "train/fitting_rows.h"
#include "train/training_graph.h"
#include "trials/fit_input.h"
#include "trials/run_files.h"

namespace mlrun::trials {
namespace {

std::string to_bytes(const std::vector<Trial>& trials) {
  store::ByteWriter writer;
  writer.put(static_cast<int32_t>(trials.size()));
  for (const Trial& trial : trials) {
    writer.put(trial.id);
    writer.put(trial.cell);
    writer.put(trial.fold);
  }
  return writer.take();
}

std::vector<Trial> trials_from_bytes(std::string_view bytes) {
  store::ByteReader reader(bytes);
  std::vector<Trial> trials(static_cast<size_t>(reader.get<int32_t>()));
  for (Trial& trial : trials) {
    trial.id = reader.get<int32_t>();
    trial.cell = reader.get<int32_t>();
    trial.fold = reader.get<int32_t>();
  }
  return trials;
}

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
      if (options_.placement.gpu) {
        answer_in_thread(trials_from_bytes(*message));
      } else {
        answer(trials_from_bytes(*message));
      }
    }
  }

 private:
  struct Task {
    std::atomic<bool> done = false;
    std::thread thread;
  };

  void answer_in_thread(const std::vector<Trial>& trials) {
    for (auto task = tasks_.begin(); task != tasks_.end();) {
      if (!task->done) {
        ++task;
        continue;
      }
      task->thread.join();
      task = tasks_.erase(task);
    }
    Task& task = tasks_.emplace_back();
    task.thread = std::thread([this, &task, trials] {
      try {
        answer(trials);
      } catch (const Error&) {
        // The parent is gone, and this process ends with it.
      }
      task.done = true;
    });
  }

  // Each trial is answered for when it ends; what is wrong with one is wrong with all that are
  // left.
  void answer(std::vector<Trial> left) {
    try {
      train(left);
    } catch (const std::bad_alloc&) {
      send_about(WorkerMessage::kOutOfMemory, left[0], "out of memory");
    } catch (const device::OutOfDeviceMemory& error) {
      send_about(WorkerMessage::kOutOfMemory, left[0], error.what());
    } catch (const device::DeviceLost& error) {
      send_about(WorkerMessage::kDeviceLost, left[0], error.what());
    } catch (const InputError& error) {
      send_failures(WorkerMessage::kRefusal, left, error.what());
    } catch (const std::exception& error) {
      send_failures(WorkerMessage::kRecord, left, error.what());
    }
  }

  void send_failures(WorkerMessage kind, const std::vector<Trial>& trials, const char* why) {
    for (const Trial& trial : trials) send_record(failure(trial, why), kind);
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

  void send_record(TrialRecord record, WorkerMessage kind = WorkerMessage::kRecord) {
    record.worker = options_.index;
    record.device = options_.placement.label();
    record.precision = precision_of(search_.cells[static_cast<size_t>(record.trial.cell)]);
    send(kind, to_bytes(record));
  }

  // Made with the first trial, so that what is wrong with it is told as a trial's failure.
  const Engine& engine() {
    const std::lock_guard lock(making_engine_);
    if (!engine_) engine_ = options_.make_engine(options_.placement);
    return engine_;
  }

  static TrialRecord failure(const Trial& trial, std::string message) {
    TrialRecord record;
    record.trial = trial;
    record.status = TrialStatus::kFailed;
    record.message = std::move(message);
    return record;
  }

  // Takes those that have ended out of `left`.
  void train(std::vector<Trial>& left) {
    const std::vector<Trial> trials = left;
    std::vector<train::FitInput> inputs;
    std::vector<train::FitHooks> hooks;
    for (const Trial& trial : trials) {
      inputs.push_back(input_of(trial));
      hooks.push_back(hooks_of(trial));
    }
    engine()(inputs, hooks, [&](size_t number, train::FitResult&& result) {
      const Trial& trial = trials[number];
      send_record(record_of(trial, std::move(result)));
      std::erase_if(left, [&](const Trial& other) { return other.id == trial.id; });
    });
  }

  train::FitInput input_of(const Trial& trial) const {
    train::FitInput input = fit_input(search_, trial);
    input.threads = options_.threads;
    if (!options_.checkpoints.empty()) {
      input.checkpoint = checkpoint_of(options_.checkpoints, trial.id);
      input.training = fmt::format("{} cell {} fold {}", search_.identity, trial.cell, trial.fold);
    }
    return input;
  }

  train::FitHooks hooks_of(const Trial& trial) {
    train::FitHooks hooks;
    hooks.should_stop = ChildProcess::stop_requested;
    hooks.on_epoch = [this, trial](const train::EpochRecord& epoch) { send_epoch(trial, epoch); };
    hooks.on_note = [this, trial](const std::string& text) {
      store::ByteWriter writer;
      writer.put(trial.id);
      writer.put(text);
      send(WorkerMessage::kNote, writer.bytes());
    };
    return hooks;
  }

  TrialRecord record_of(const Trial& trial, train::FitResult&& result) {
    if (trial.fold == kRefitFold && result.status == train::FitStatus::kFinished) {
      write_model(result, trial.cell);
    }
    if (!options_.keep_predictions) result.predictions.clear();
    return make_record(trial, std::move(result));
  }

  std::string precision_of(const Cell& cell) const {
    const std::optional<device::Gpu>& gpu = options_.placement.gpu;
    return to_string(
        ops::product_mode(train::product_precision(cell.spec.train), gpu ? &*gpu : nullptr));
  }

  void send_epoch(const Trial& trial, const train::EpochRecord& epoch) {
    store::ByteWriter writer;
    writer.put(trial.id);
    writer.put(epoch.epoch);
    writer.put(epoch.training[0]);
    send(WorkerMessage::kEpoch, writer.bytes());
  }

  void write_model(train::FitResult& result, int32_t cell) {
    if (options_.model.empty()) return;
    if (!folder_.is_the_same()) {
      throw Error(fmt::format("'{}' was moved or removed while its run went on",
                              options_.model.parent_path().string()));
    }
    result.model.config = config::dump_experiment(search_.cells[static_cast<size_t>(cell)].spec);
    train::mark_cell(result.model, cell);
    store::write_model(options_.model, result.model);
  }

  const Search& search_;
  const WorkerOptions& options_;
  const Place folder_{options_.model.parent_path()};
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

void Worker::run(const std::vector<Trial>& trials) { process_.channel().send(to_bytes(trials)); }

}  // namespace mlrun::trials
