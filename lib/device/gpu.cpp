#include "device/gpu.h"

#include <algorithm>
#include <charconv>

namespace mlrun::device {
namespace {

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

std::optional<GpuName> parse_name(std::string_view text) {
  if (text.starts_with("GPU-")) return GpuName{GpuName::Kind::kUuid, -1, std::string(text)};
  if (text.starts_with("MIG-")) return GpuName{GpuName::Kind::kMig, -1, std::string(text)};
  int index = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (failed != std::errc() || end != text.data() + text.size() || index < 0) return std::nullopt;
  return GpuName{GpuName::Kind::kIndex, index, std::string(text)};
}

}  // namespace

std::optional<std::vector<GpuName>> parse_visible_devices(std::optional<std::string_view> value) {
  if (!value) return std::nullopt;
  std::vector<GpuName> names;
  for (size_t begin = 0; begin <= value->size();) {
    const size_t end = std::min(value->find(',', begin), value->size());
    const auto name = parse_name(trimmed(value->substr(begin, end - begin)));
    if (!name) break;
    names.push_back(*name);
    begin = end + 1;
  }
  return names;
}

}  // namespace mlrun::device
