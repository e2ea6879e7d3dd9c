#include "trials/worker.h"

#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <new>

#include "device/pin.h"
#include "store/bytes.h"
#include "train/fit.h"

namespace mlrun::trials {
namespace {

volatile sig_atomic_t stop_requested = 0;

void request_stop(int) { stop_requested = 1; }

// The child's whole life.
class Server {
 public:
  Server(const Search& search, const WorkerOptions& options, Channel channel)
      : search_(search), options_(options), channel_(std::move(channel)) {}

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
                          .keep_model = refit};
    if (!options_.checkpoints.empty()) {
      input.checkpoint = options_.checkpoints / fmt::format("trial-{}.h5", trial.id);
    }
    train::FitHooks hooks;
    hooks.should_stop = [] { return stop_requested != 0; };
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
  Channel channel_;
};

// Signals reach the whole process group; what they mean is the parent's decision.
void set_up_signals() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGUSR1, SIG_IGN);
  struct sigaction action {};
  action.sa_handler = request_stop;
  ::sigaction(SIGTERM, &action, nullptr);
}

[[noreturn]] void live(const Search& search, const WorkerOptions& options, Channel channel) {
  int code = 0;
  try {
    Server(search, options, std::move(channel)).serve();
  } catch (const std::exception& error) {
    const std::string text = fmt::format("worker {}: {}\n", options.index, error.what());
    code = ::write(STDERR_FILENO, text.data(), text.size()) < 0 ? 2 : 1;
  }
  ::_exit(code);  // the parent's buffers and destructors are not the child's
}

}  // namespace

Worker::Worker(const Search& search, WorkerOptions options, const std::function<void()>& in_child)
    : index_(options.index) {
  auto [mine, theirs] = Channel::make_pair();
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw_errno("fork");
  if (pid_ == 0) {
    set_up_signals();
    if (::getppid() != parent) ::_exit(0);
    mine.close();
    in_child();
    live(search, options, std::move(theirs));
  }
  channel_ = std::make_unique<Channel>(std::move(mine));
}

Worker::~Worker() {
  if (pid_ < 0) return;
  channel_->close();
  kill();
  reap();
}

void Worker::run(const Trial& trial) {
  store::ByteWriter writer;
  writer.put(trial.id);
  writer.put(trial.cell);
  writer.put(trial.fold);
  channel_->send(writer.bytes());
}

void Worker::interrupt() {
  if (pid_ > 0) ::kill(pid_, SIGTERM);
}

void Worker::kill() {
  if (pid_ > 0) ::kill(pid_, SIGKILL);
}

std::string Worker::reap() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  if (WIFSIGNALED(status)) {
    return fmt::format("killed by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  }
  return fmt::format("exited with code {}", WEXITSTATUS(status));
}

}  // namespace mlrun::trials
