// Messages between the parent and a worker over a socket pair.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/file.h"

namespace mlrun::trials {

/// One end. A message is a u64 length and that many bytes.
class Channel {
 public:
  explicit Channel(FileDescriptor socket) : socket_(std::move(socket)) {}

  int fd() const { return socket_.get(); }

  /// Throws Error when the other end is gone.
  void send(std::string_view message);

  /// Blocks for one message; nothing when the other end is closed. Interrupted by a signal only
  /// between messages, and then goes on waiting.
  std::optional<std::string> receive();

  /// Takes in what has arrived without blocking; false when the other end is closed. Complete
  /// messages come from next().
  bool read_available();
  std::optional<std::string> next();

  void close() { socket_.reset(); }

  static std::pair<Channel, Channel> make_pair();

 private:
  FileDescriptor socket_;
  std::string buffer_;
};

}  // namespace mlrun::trials
