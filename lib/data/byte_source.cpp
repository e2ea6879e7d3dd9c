#include "data/byte_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <vector>

#include "base/error.h"
#include "data/text_error.h"

namespace mlrun::data {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib's way to say "gzip, largest window"
constexpr size_t kInputSize = size_t{1} << 17;

class PlainSource : public ByteSource {
 public:
  explicit PlainSource(RawBytes raw) : raw_(std::move(raw)) {}

  size_t read(char* out, size_t size) override {
    size_t got = 0;
    while (got < size) {
      const size_t more = raw_.read(out + got, size - got);
      if (more == 0) break;
      got += more;
    }
    return got;
  }

  std::string sha256() override { return raw_.sha256(); }

 private:
  RawBytes raw_;
};

class GzipSource : public ByteSource {
 public:
  explicit GzipSource(RawBytes raw) : raw_(std::move(raw)), input_(kInputSize) {
    if (inflateInit2(&stream_, kGzipWindow) != Z_OK) throw Error("zlib cannot start");
  }
  ~GzipSource() override { inflateEnd(&stream_); }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  size_t read(char* out, size_t size) override {
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(size);
    while (stream_.avail_out > 0 && step()) {
    }
    return size - stream_.avail_out;
  }

  std::string sha256() override { return raw_.sha256(); }

 private:
  // False at the end of the last member.
  bool step() {
    if (stream_.avail_in == 0 && !refill()) {
      if (in_member_) fail("the gzip data ends too early");
      return false;
    }
    if (!in_member_ && !start_member()) return false;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      in_member_ = false;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      fail(fmt::format("the gzip data is damaged ({})", stream_.msg ? stream_.msg : "zlib"));
    }
    return true;
  }

  bool refill() {
    stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
    stream_.avail_in = static_cast<uInt>(raw_.read(input_.data(), input_.size()));
    return stream_.avail_in > 0;
  }

  // Zeros after the last member are padding, as for gzip itself.
  bool start_member() {
    while (stream_.avail_in > 0 && *stream_.next_in == 0) {
      ++stream_.next_in;
      --stream_.avail_in;
      if (stream_.avail_in == 0 && !refill()) return false;
    }
    inflateReset(&stream_);
    in_member_ = true;
    return true;
  }

  [[noreturn]] void fail(const std::string& message) { throw file_error(raw_.path(), message); }

  RawBytes raw_;
  std::vector<char> input_;
  z_stream stream_{};
  bool in_member_ = true;
};

bool is_gzip(const std::filesystem::path& path) {
  RawBytes raw(path);
  std::array<char, 2> magic{};
  return raw.read(magic.data(), 2) == 2 && magic[0] == '\x1f' && magic[1] == '\x8b';
}

}  // namespace

RawBytes::RawBytes(const std::filesystem::path& path)
    : path_(path), file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (!file_) throw_errno(fmt::format("open '{}'", path.string()));
}

size_t RawBytes::read(char* out, size_t size) {
  for (;;) {
    const ssize_t got = ::read(file_.get(), out, size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno(fmt::format("read '{}'", path_.string()));
    hash_.add({out, static_cast<size_t>(got)});
    return static_cast<size_t>(got);
  }
}

std::string RawBytes::sha256() {
  std::vector<char> rest(kInputSize);
  while (read(rest.data(), rest.size()) > 0) {
  }
  return hash_.hex();
}

std::unique_ptr<ByteSource> open_bytes(const std::filesystem::path& path) {
  if (is_gzip(path)) return std::make_unique<GzipSource>(RawBytes(path));
  if (path.extension() == ".gz") throw file_error(path, "this is not gzip data");
  return std::make_unique<PlainSource>(RawBytes(path));
}

}  // namespace mlrun::data
