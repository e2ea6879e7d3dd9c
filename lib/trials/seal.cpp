#include "trials/seal.h"

#include <fmt/format.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file.h"
#include "base/tell.h"
#include "store/bytes.h"
#include "trials/run_files.h"

namespace mlrun::trials {
namespace {

constexpr int32_t kMark = -2;  // where the record of a trial has its number, and samples -1

bool is_seal(std::string_view payload) {
  return payload.size() >= sizeof kMark && store::ByteReader(payload).get<int32_t>() == kMark;
}

std::string to_bytes(const Seal& seal) {
  store::ByteWriter writer;
  writer.put(kMark);
  writer.put(seal.name);
  writer.put(seal.bytes);
  writer.put(seal.sum);
  return writer.take();
}

Seal from_bytes(std::string_view payload) {
  store::ByteReader reader(payload);
  reader.get<int32_t>();
  Seal seal;
  seal.name = reader.get_string();
  seal.bytes = reader.get<int64_t>();
  seal.sum = reader.get<uint64_t>();
  reader.expect_end();
  return seal;
}

Seal seal_of(const std::filesystem::path& folder, const std::string& name) {
  const std::string content = read_file(folder / name);
  return {name, static_cast<int64_t>(content.size()), checksum(content)};
}

}  // namespace

bool Seals::take(std::string_view payload) {
  if (!is_seal(payload)) {
    seals_.erase(kResultsName);
    return false;
  }
  Seal seal = from_bytes(payload);
  seals_[seal.name] = std::move(seal);
  return true;
}

bool Seals::is_intact(const std::string& name) const {
  const auto found = seals_.find(name);
  std::error_code gone;
  const auto bytes = std::filesystem::file_size(folder_ / name, gone);
  if (gone || found == seals_.end() || found->second.bytes != static_cast<int64_t>(bytes)) {
    return false;
  }
  try {
    return seal_of(folder_, name) == found->second;
  } catch (const Error&) {
    return false;
  }
}

bool Seals::is_changed(const std::string& name) const {
  return seals_.contains(name) && std::filesystem::exists(folder_ / name) && !is_intact(name);
}

void Seals::seal(const std::string& name, store::Journal& journal) {
  Seal seal = seal_of(folder_, name);
  journal.append(to_bytes(seal));
  journal.sync();
  seals_[name] = std::move(seal);
}

void Seals::set_aside(const std::string& name) const {
  const std::filesystem::path file = folder_ / name;
  const std::filesystem::path aside = folder_ / changed_name(name);
  std::filesystem::rename(file, aside);
  tell(fmt::format("'{}' is not as it was written, and is made again; as it was it is '{}'\n",
                   file.string(), aside.string()));
}

}  // namespace mlrun::trials
