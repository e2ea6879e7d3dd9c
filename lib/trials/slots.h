// Which trials go to which worker next. Nothing is started or sent here.
#pragma once

#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "trials/fleet.h"
#include "trials/worker.h"

namespace mlrun::trials {

/// A trial that waits for a worker, or that one runs.
struct Pending {
  Trial trial;
  int32_t shape = kNoShape;  ///< may be stacked with those of it that follow in the queue
  bool alone = false;        ///< runs beside no other: something took a whole worker with it
  int avoid = -1;            ///< station that it should not go to again while there is another
};

/// A station with the worker that serves it now, if it has been started.
struct Slot {
  /// One trial, or a stack of them that are trained as one.
  struct Running {
    std::vector<Pending> trials;  ///< that have not ended
    int count = 1;                ///< of them at first
    bool had_company = false;     ///< another ran beside it, be it for a moment

    bool is_stacked() const { return count > 1; }
  };

  Station* station = nullptr;
  std::unique_ptr<Worker> worker;
  std::list<Running> running;
  int deaths = 0;  ///< of workers in a row, without a trial that ended in between

  void add(std::vector<Pending> trials);

  /// The one that the trial is in. Throws Error if it does not run here.
  std::list<Running>::iterator find(int32_t trial);
};

struct Assignment {
  size_t slot = 0;
  std::vector<Pending> trials;
};

/// Takes the next trial out of the queue, in its order, for the slot with the fewest. A slot waits
/// for the first trial that may go to it rather than take smaller ones from behind, so that none
/// waits for ever. A trial that is larger than the estimate of the memory still runs, beside no
/// other.
///
/// Trials of the same shape that follow it directly come along as a stack: as many as the station
/// takes and its memory holds, and as leave an equal share to other slots that have nothing to do.
std::optional<Assignment> next_assignment(const Search& search, std::deque<Pending>& queue,
                                          const std::vector<Slot>& slots);

}  // namespace mlrun::trials
