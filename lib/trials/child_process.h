// A forked process that serves its parent over a channel, and ends with it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include "trials/channel.h"

namespace mlrun::trials {

/// The parent's side. The process is killed with this object, and by the kernel with the parent.
/// The parent must have a single thread when it forks.
class ChildProcess {
 public:
  /// Forks; the child runs `life` with its end of the channel and exits. An exception in it is
  /// printed to stderr.
  explicit ChildProcess(const std::function<void(Channel&)>& life);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  Channel& channel() { return *channel_; }
  pid_t pid() const { return pid_; }

  /// Asks the child to end early: in it, stop_requested() becomes true.
  void interrupt();
  void kill();

  /// Waits for the process to be gone and says how it went: "killed by signal 11 (Segmentation
  /// fault)". One that is stuck in a driver cannot be killed; it is left alone after some seconds.
  std::string reap();

  /// The same, but "" if it has not gone within these seconds.
  std::string reap_within(double seconds);

  /// In the child.
  static bool stop_requested();

 private:
  pid_t pid_ = -1;
  std::unique_ptr<Channel> channel_;
};

}  // namespace mlrun::trials
