#include "trials/difference.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <vector>

#include "config/node.h"
#include "trials/run_files.h"

namespace mlrun::trials {
namespace {

using config::Node;

constexpr size_t kMostShown = 5;

struct Setting {
  std::string there = "not set";
  std::string here = "not set";
};

/// The settings in the order of the files, the stored one first.
class Settings {
 public:
  using Side = std::string Setting::*;

  void add(const std::string& text, Side side) {
    Diagnostics unused;
    const auto source = std::make_shared<SourceText>(SourceText{kExperimentName, text});
    add_node(config::parse_yaml(source, unused), "", side);
  }

  std::vector<std::string> differences() const {
    std::vector<std::string> lines;
    for (const std::string& path : order_) {
      const Setting& setting = settings_.at(path);
      if (setting.there == setting.here) continue;
      lines.push_back(fmt::format("\n  {}: {} there, {} here", path, setting.there, setting.here));
    }
    return lines;
  }

 private:
  void add_node(const Node& node, const std::string& path, Side side) {
    const std::string prefix = path.empty() ? "" : path + ".";
    if (node.is_map() && !node.entries.empty()) {
      for (const config::Entry& entry : node.entries) {
        add_node(entry.value, prefix + entry.key, side);
      }
    } else if (node.is_sequence() && !node.items.empty() && node.items.front().is_map()) {
      for (size_t i = 0; i < node.items.size(); ++i) {
        add_node(node.items[i], prefix + std::to_string(i), side);
      }
    } else {
      const auto [setting, is_new] = settings_.try_emplace(path);
      if (is_new) order_.push_back(path);
      setting->second.*side = config::to_flow(node);
    }
  }

  std::map<std::string, Setting> settings_;
  std::vector<std::string> order_;
};

}  // namespace

std::string describe_difference(const std::string& there, const std::string& here) {
  Settings settings;
  settings.add(there, &Setting::there);
  settings.add(here, &Setting::here);
  const std::vector<std::string> lines = settings.differences();
  if (lines.empty()) {
    return ":\n  the same settings, but other data, another verb or other options of it";
  }
  std::string text = ":";
  for (size_t i = 0; i < lines.size() && i < kMostShown; ++i) text += lines[i];
  if (lines.size() > kMostShown) {
    text += fmt::format("\n  and {} more settings", lines.size() - kMostShown);
  }
  return text;
}

}  // namespace mlrun::trials
