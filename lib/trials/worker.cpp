#include "trials/worker.h"

#include <fmt/format.h>

#include <functional>
#include <new>

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

  void serve() {
    if (!options_.cores.empty()) device::pin_this_process(options_.cores);
    while (const std::optional<std::string> message = channel_.receive()) {
      store::ByteReader reader(*message);
      Trial trial;
      trial.id = reader.get<int32_t>();
      trial.cell = reader.get<int32_t>();
      trial.fold = reader.get<int32_t>();
      send(WorkerMessage::kRecord, to_bytes(attempt(trial)));
    }
  }

 private:
  void send(WorkerMessage kind, std::string_view content) {
    channel_.send(std::string(1, static_cast<char>(kind)) + std::string(content));
  }

  TrialRecord attempt(const Trial& trial) {
    try {
      return train(trial);
    } catch (const std::bad_alloc&) {
      return failure(trial, "out of memory");
    } catch (const std::exception& error) {
      return failure(trial, error.what());
    }
  }

  static TrialRecord failure(const Trial& trial, std::string message) {
    TrialRecord record;
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
    train::FitResult result = train::fit(input, hooks);
    if (refit && result.status == train::FitStatus::kFinished) write_model(result, cell);
    if (!options_.keep_predictions) result.predictions.clear();
    TrialRecord record = make_record(trial, std::move(result));
    record.worker = options_.index;
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
