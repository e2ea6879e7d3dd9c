// Which trial goes to which worker next. Nothing is started or sent here.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "trials/fleet.h"
#include "trials/worker.h"

namespace mlrun::trials {

/// A trial that waits for a worker, or that one runs.
struct Pending {
  Trial trial;
  bool alone = false;  ///< runs beside no other: something took a whole worker with it
  int avoid = -1;      ///< station that it should not go to again while there is another
};

/// A station with the worker that serves it now, if it has been started.
struct Slot {
  struct Running {
    Pending pending;
    bool had_company = false;  ///< another trial ran beside it, be it for a moment
  };

  Station* station = nullptr;
  std::unique_ptr<Worker> worker;
  std::map<int32_t, Running> running;  ///< by trial

  void add(const Pending& pending);
};

struct Assignment {
  size_t slot = 0;
  std::deque<Pending>::iterator pending;
};

/// The next trial in the order of the queue for the slot with the fewest trials. A slot waits for
/// the first trial that may go to it rather than take smaller ones from behind, so that none waits
/// for ever. A trial that is larger than the estimate of the memory still runs, beside no other.
std::optional<Assignment> next_assignment(const Search& search, std::deque<Pending>& queue,
                                          const std::vector<Slot>& slots);

}  // namespace mlrun::trials
