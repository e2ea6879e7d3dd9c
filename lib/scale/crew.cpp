#include "scale/crew.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <memory>

#include "base/clock.h"
#include "base/error.h"
#include "device/pin.h"
#include "scale/trainer.h"
#include "store/bytes.h"
#include "trials/child_process.h"
#include "trials/interrupt.h"

namespace mlrun::scale {
namespace {

using trials::Channel;
using trials::ChildProcess;

void pin_worker(const device::Budget& budget, const Point& point, int worker) {
  if (!budget.may_pin) return;
  const std::vector<int> all = budget.cpu_ids();
  std::vector<int> mine;
  for (int i = 0; i < point.threads; ++i) {
    mine.push_back(all[static_cast<size_t>(worker * point.threads + i) % all.size()]);
  }
  device::pin_this_process(mine);
}

trials::Placement place_worker(const Equipment& equipment, const Point& point, int worker) {
  const bool may_do_without = point.strategy == Strategy::kStack && equipment.gpus.empty();
  if (!uses_gpu(point.strategy) || may_do_without) return {};
  const int which = point.strategy == Strategy::kGpus ? worker : 0;
  return {equipment.gpus.at(static_cast<size_t>(which))};
}

// The child's life: warm up, say so, wait for the start, train its share, report.
void serve(const trials::Search& search, const Equipment& equipment, const Point& point, int worker,
           Channel& channel) {
  const trials::Placement placement = place_worker(equipment, point, worker);
  if (placement.gpu) {
    device::see_only(*placement.gpu);
  } else {
    pin_worker(equipment.budget, point, worker);
  }
  Trainer trainer(search, point, placement, equipment.make_engine);
  trainer.warm_up();
  channel.send("ready");
  if (!channel.receive()) return;
  const Share share = trainer.train(worker);
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

std::optional<Measurement> measure(const trials::Search& search, const Equipment& equipment,
                                   const Point& point) {
  std::vector<std::unique_ptr<ChildProcess>> crew;
  for (int w = 0; w < point.workers; ++w) {
    crew.push_back(std::make_unique<ChildProcess>(
        [&, w](Channel& channel) { serve(search, equipment, point, w, channel); }));
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
  result.compute = total.compute / point.lanes();
  result.data = total.data / point.lanes();
  result.idle = std::max(0.0, result.seconds - result.compute - result.data);
  result.samples_per_second = total.samples / result.seconds;
  result.loss = total.loss / point.tasks;
  return result;
}

}  // namespace mlrun::scale
