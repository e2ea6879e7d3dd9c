#include "trials/channel.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace mlrun::trials {

std::pair<Channel, Channel> Channel::make_pair() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) throw_errno("socketpair");
  return {Channel(FileDescriptor(fds[0])), Channel(FileDescriptor(fds[1]))};
}

void Channel::send(std::string_view message) {
  const uint64_t length = message.size();
  std::string framed(sizeof length, '\0');
  std::memcpy(framed.data(), &length, sizeof length);
  framed += message;
  std::string_view rest = framed;
  while (!rest.empty()) {
    const ssize_t put = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw_errno("send");
    rest.remove_prefix(static_cast<size_t>(put));
  }
}

bool Channel::read_available() {
  char chunk[1 << 16];
  for (;;) {
    const ssize_t got = ::recv(socket_.get(), chunk, sizeof chunk, MSG_DONTWAIT);
    if (got > 0) {
      buffer_.append(chunk, static_cast<size_t>(got));
    } else if (got < 0 && errno == EINTR) {
      continue;
    } else {
      return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    }
  }
}

std::optional<std::string> Channel::next() {
  uint64_t length = 0;
  if (buffer_.size() < sizeof length) return std::nullopt;
  std::memcpy(&length, buffer_.data(), sizeof length);
  if (buffer_.size() - sizeof length < length) return std::nullopt;
  std::string message = buffer_.substr(sizeof length, length);
  buffer_.erase(0, sizeof length + length);
  return message;
}

std::optional<std::string> Channel::receive() {
  for (;;) {
    if (std::optional<std::string> message = next()) return message;
    char chunk[1 << 16];
    const ssize_t got = ::recv(socket_.get(), chunk, sizeof chunk, 0);
    if (got > 0) {
      buffer_.append(chunk, static_cast<size_t>(got));
    } else if (got == 0 || errno != EINTR) {
      return std::nullopt;
    }
  }
}

}  // namespace mlrun::trials
