#include "store/journal_record.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

#include "base/error.h"
#include "store/bytes.h"

namespace mlrun::store {
namespace {

constexpr std::string_view kMagic = "mlrun-journal ";
constexpr std::string_view kVersion = "1";
constexpr size_t kRecordHead = 2 * sizeof(uint32_t);

// The length is part of the sum: a tail of zeros, which file systems leave after a power cut, must
// not read as empty records.
uint32_t checksum(std::string_view payload) {
  const auto length = static_cast<uint32_t>(payload.size());
  uLong sum = crc32(0, reinterpret_cast<const Bytef*>(&length), sizeof length);
  sum = crc32_z(sum, reinterpret_cast<const Bytef*>(payload.data()), payload.size());
  return static_cast<uint32_t>(sum);
}

bool is_torn_header(std::string_view bytes) {
  const std::string_view start = bytes.substr(0, kMagic.size());
  return bytes.find('\n') == std::string_view::npos && start == kMagic.substr(0, start.size());
}

}  // namespace

std::string journal_header(std::string_view identity) {
  return fmt::format("{}{} {}\n", kMagic, kVersion, identity);
}

std::optional<JournalHeader> parse_journal_header(std::string_view bytes) {
  if (is_torn_header(bytes)) return std::nullopt;
  if (!bytes.starts_with(kMagic)) throw Error("not a journal of mlrun");
  const std::string_view line = bytes.substr(0, bytes.find('\n'));
  const std::string_view rest = line.substr(kMagic.size());
  const size_t space = std::min(rest.find(' '), rest.size());
  const std::string_view version = rest.substr(0, space);
  if (version != kVersion) {
    throw Error(
        fmt::format("journal format '{}', but this mlrun reads format {}", version, kVersion));
  }
  return JournalHeader{std::string(rest.substr(std::min(space + 1, rest.size()))), line.size() + 1};
}

std::string journal_record(std::string_view payload) {
  ByteWriter head;
  head.put(static_cast<uint32_t>(payload.size()));
  head.put(checksum(payload));
  std::string record = head.take();
  record += payload;
  return record;
}

bool take_record(std::string_view& bytes, std::string& payload) {
  if (bytes.size() < kRecordHead) return false;
  ByteReader head(bytes.substr(0, kRecordHead));
  const size_t length = head.get<uint32_t>();
  const uint32_t sum = head.get<uint32_t>();
  if (length > bytes.size() - kRecordHead) return false;
  const std::string_view body = bytes.substr(kRecordHead, length);
  if (checksum(body) != sum) return false;
  payload = body;
  bytes.remove_prefix(kRecordHead + length);
  return true;
}

bool skip_damaged_record(std::string_view& bytes) {
  if (bytes.size() < kRecordHead) return false;
  const size_t length = ByteReader(bytes.substr(0, kRecordHead)).get<uint32_t>();
  if (length > bytes.size() - kRecordHead) return false;
  const std::string_view rest = bytes.substr(kRecordHead + length);
  std::string_view next = rest;
  std::string payload;
  if (!take_record(next, payload)) return false;
  bytes = rest;
  return true;
}

}  // namespace mlrun::store
