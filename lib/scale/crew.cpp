#include "scale/crew.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <memory>

#include "base/clock.h"
#include "base/error.h"
#include "device/pin.h"
#include "store/bytes.h"
#include "train/fit.h"
#include "trials/child_process.h"
#include "trials/interrupt.h"

namespace mlrun::scale {
namespace {

using trials::Channel;
using trials::ChildProcess;

// What one worker reports.
struct Share {
  double finished = 0;  ///< now_seconds(), a clock all processes share
  double compute = 0;
  double data = 0;
  double samples = 0;
  double loss = 0;  ///< sum over the trainings
};

class Trainer {
 public:
  Trainer(const trials::Search& search, const Point& point)
      : cell_(search.cells.at(static_cast<size_t>(point.cell))),
        spec_(cell_.spec),
        dataset_(search.dataset),
        rows_(some_rows(search.hold_out.train, point.row_share)),
        threads_(point.threads) {
    spec_.train.batch_size *= point.batch_factor;
  }

  // One short epoch: code and data are in memory, the threads have started.
  void warm_up() {
    config::ExperimentSpec brief = spec_;
    brief.train.epochs = 1;
    const auto few = static_cast<size_t>(brief.train.batch_size * 4);
    train_once(brief, std::span(rows_).first(std::min(few, rows_.size())), 0);
  }

  void train(int task, Share& share) {
    const train::FitResult result = train_once(spec_, rows_, task);
    if (result.status != train::FitStatus::kFinished) {
      throw Error("the training did not finish; a scaling curve needs one that converges");
    }
    share.compute += result.compute_seconds;
    share.data += result.data_seconds;
    share.samples += static_cast<double>(rows_.size() * result.history.size());
    share.loss += result.history.back().training[0];
  }

 private:
  static std::vector<int64_t> some_rows(const std::vector<int64_t>& rows, double share) {
    const auto count = static_cast<int64_t>(static_cast<double>(rows.size()) * share);
    return {rows.begin(), rows.begin() + std::max<int64_t>(count, 1)};
  }

  train::FitResult train_once(const config::ExperimentSpec& spec, std::span<const int64_t> rows,
                              int task) const {
    return train::fit({.spec = spec,
                       .dataset = dataset_,
                       .train_rows = rows,
                       .test_rows = {},
                       .cell = 0,
                       .fold = static_cast<uint32_t>(task),
                       .threads = threads_,
                       .checkpoint = {},
                       .initial_weights = cell_.initial_weights.get()});
  }

  const trials::Cell& cell_;
  config::ExperimentSpec spec_;
  const data::Dataset& dataset_;
  std::vector<int64_t> rows_;
  int threads_;
};

void pin_worker(const device::Budget& budget, const Point& point, int worker) {
  if (!budget.may_pin) return;
  const std::vector<int> all = budget.cpu_ids();
  std::vector<int> mine;
  for (int i = 0; i < point.threads; ++i) {
    mine.push_back(all[static_cast<size_t>(worker * point.threads + i) % all.size()]);
  }
  device::pin_this_process(mine);
}

// The child's life: warm up, say so, wait for the start, train every workers-th task, report.
void serve(const trials::Search& search, const device::Budget& budget, const Point& point,
           int worker, Channel& channel) {
  pin_worker(budget, point, worker);
  Trainer trainer(search, point);
  trainer.warm_up();
  channel.send("ready");
  if (!channel.receive()) return;
  Share share;
  for (int task = worker; task < point.tasks; task += point.workers) trainer.train(task, share);
  share.finished = now_seconds();
  store::ByteWriter writer;
  for (const double value :
       {share.finished, share.compute, share.data, share.samples, share.loss}) {
    writer.put(value);
  }
  channel.send(writer.bytes());
}

// The next message of the worker; nothing when a signal asks to stop first.
std::optional<std::string> receive_from(ChildProcess& child) {
  constexpr int kPollMilliseconds = 100;
  Channel& channel = child.channel();
  while (!trials::InterruptGuard::requested()) {
    if (std::optional<std::string> message = channel.next()) return message;
    pollfd entry{channel.fd(), POLLIN, 0};
    ::poll(&entry, 1, kPollMilliseconds);
    if (!channel.read_available()) {
      if (std::optional<std::string> last = channel.next()) return last;
      throw Error("a worker of the measurement was lost: " + child.reap());
    }
  }
  return std::nullopt;
}

Share share_from(const std::string& message) {
  store::ByteReader reader(message);
  Share share;
  for (double* value :
       {&share.finished, &share.compute, &share.data, &share.samples, &share.loss}) {
    *value = reader.get<double>();
  }
  return share;
}

}  // namespace

std::optional<Measurement> measure(const trials::Search& search, const device::Budget& budget,
                                   const Point& point) {
  std::vector<std::unique_ptr<ChildProcess>> crew;
  for (int w = 0; w < point.workers; ++w) {
    crew.push_back(std::make_unique<ChildProcess>(
        [&, w](Channel& channel) { serve(search, budget, point, w, channel); }));
  }
  for (const auto& child : crew) {
    if (!receive_from(*child)) return std::nullopt;
  }
  const double start = now_seconds();
  for (const auto& child : crew) child->channel().send("go");
  Share total;
  for (const auto& child : crew) {
    const std::optional<std::string> message = receive_from(*child);
    if (!message) return std::nullopt;
    const Share share = share_from(*message);
    total.finished = std::max(total.finished, share.finished);
    total.compute += share.compute;
    total.data += share.data;
    total.samples += share.samples;
    total.loss += share.loss;
  }
  Measurement result;
  result.point = point;
  result.parameters = search.cells.at(static_cast<size_t>(point.cell)).model.parameters;
  result.seconds = total.finished - start;
  result.compute = total.compute / point.workers;
  result.data = total.data / point.workers;
  result.idle = std::max(0.0, result.seconds - result.compute - result.data);
  result.samples_per_second = total.samples / result.seconds;
  result.loss = total.loss / point.tasks;
  return result;
}

}  // namespace mlrun::scale
