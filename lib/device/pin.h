// Binding threads to CPUs (Linux sched_setaffinity).
#pragma once

#include <span>
#include <vector>

namespace mlrun::device {

/// CPU ids that the calling thread may run on, sorted; at least one. Throws Error.
std::vector<int> affinity_of_this_thread();

/// Binds the calling thread to `cpus`. Throws Error that names them, if none of them may be used.
void pin_this_thread(std::span<const int> cpus);

/// The same for a process that has only one thread yet: the threads it starts inherit the mask.
void pin_this_process(std::span<const int> cpus);

}  // namespace mlrun::device
