#include "device/gpu_choice.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"

namespace mlrun::device {
namespace {

// Numbers of the devices and of the GPUs in MIG mode whose UUID is, or else begins with, `text`.
std::vector<size_t> fitting(const std::vector<Gpu>& gpus, const std::string& text) {
  std::vector<size_t> found;
  for (size_t i = 0; i < gpus.size(); ++i) {
    if (gpus[i].uuid == text) return {i};
    if (gpus[i].uuid.starts_with(text)) found.push_back(i);
  }
  return found;
}

// The slices of a GPU in MIG mode, else the GPU itself.
std::vector<size_t> parts_of(const std::vector<Gpu>& gpus, size_t gpu) {
  std::vector<size_t> slices;
  for (size_t i = 0; i < gpus.size(); ++i) {
    if (gpus[i].is_slice && !gpus[gpu].is_slice && gpus[i].index == gpus[gpu].index) {
      slices.push_back(i);
    }
  }
  return slices.empty() ? std::vector<size_t>{gpu} : slices;
}

std::string listed(const std::vector<Gpu>& gpus) {
  std::vector<std::string> texts;
  for (const Gpu& gpu : gpus) {
    texts.push_back(fmt::format("{} ({}, {})", gpu.number, gpu.name, gpu.uuid));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::vector<std::string> words_of(const std::string& list) {
  std::vector<std::string> words;
  for (size_t begin = 0; begin <= list.size();) {
    const size_t end = std::min(list.find(',', begin), list.size());
    words.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

class Choice {
 public:
  Choice(const std::vector<Gpu>& visible, const std::string& option)
      : visible_(visible), option_(option) {}

  std::vector<Gpu> all_of(const std::vector<std::string>& words) {
    for (const std::string& word : words) take(word);
    return std::move(chosen_);
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw InputError(fmt::format("--gpus {}: {}", option_, why));
  }

  void take(const std::string& word) {
    const auto names = parse_visible_devices(word);
    if (names->size() != 1) {
      refuse(
          fmt::format("'{}' is no GPU; write none, all, numbers such as 0,1, or names such as "
                      "GPU-8932f937 and MIG-...",
                      word));
    }
    for (const size_t i : matches(names->front())) {
      for (const Gpu& other : chosen_) {
        if (other.number == visible_[i].number) refuse(fmt::format("{} twice", other.label()));
      }
      const Gpu& gpu = visible_[i];
      if (!gpu.why_not.empty()) refuse(fmt::format("{}: {}", gpu.label(), gpu.why_not));
      chosen_.push_back(gpu);
    }
  }

  std::vector<size_t> matches(const GpuName& name) const {
    if (name.kind != GpuName::Kind::kIndex) return by_name(name.text);
    const auto number = static_cast<size_t>(name.index);
    if (number < visible_.size()) return {number};
    refuse(fmt::format("there is no GPU {}; there are {}", name.index, listed(visible_)));
  }

  std::vector<size_t> by_name(const std::string& text) const {
    const std::vector<size_t> found = fitting(visible_, text);
    if (found.size() == 1) return found;
    if (!found.empty()) {
      std::vector<Gpu> several;
      for (const size_t i : found) several.push_back(visible_[i]);
      refuse(fmt::format("'{}' fits {} GPUs: {}", text, found.size(), listed(several)));
    }
    const std::vector<size_t> slices = slices_of(text);
    if (!slices.empty()) return slices;
    refuse(fmt::format("'{}' fits no GPU; there are {}", text, listed(visible_)));
  }

  // Of the GPU in MIG mode that `text` names.
  std::vector<size_t> slices_of(const std::string& text) const {
    std::vector<size_t> found;
    for (size_t i = 0; i < visible_.size(); ++i) {
      if (!visible_[i].parent_uuid.starts_with(text)) continue;
      if (!found.empty() && visible_[found[0]].parent_uuid != visible_[i].parent_uuid) return {};
      found.push_back(i);
    }
    return found;
  }

  const std::vector<Gpu>& visible_;
  const std::string& option_;
  std::vector<Gpu> chosen_;
};

}  // namespace

std::vector<size_t> devices_of(const std::vector<Gpu>& gpus, const GpuName& name) {
  if (name.kind != GpuName::Kind::kIndex) {
    const std::vector<size_t> found = fitting(gpus, name.text);
    return found.size() == 1 ? parts_of(gpus, found[0]) : std::vector<size_t>{};
  }
  for (size_t i = 0; i < gpus.size(); ++i) {
    if (gpus[i].index == name.index) return parts_of(gpus, i);
  }
  return {};
}

bool are_unlike(const std::vector<Gpu>& gpus) {
  return std::any_of(gpus.begin(), gpus.end(), [&](const Gpu& gpu) {
    return gpu.compute_capability != gpus.front().compute_capability;
  });
}

std::vector<Gpu> choose_gpus(const GpuSurvey& survey, const std::string& gpus) {
  if (gpus.empty() || gpus == "none") return {};
  const std::vector<Gpu> visible = survey.visible();
  std::vector<Gpu> usable = visible;
  std::erase_if(usable, [](const Gpu& gpu) { return !gpu.why_not.empty(); });
  if (usable.empty()) {
    const std::string why = !survey.absence.empty() ? survey.absence
                            : !survey.notes.empty() ? survey.notes.front()
                                                    : "no GPU can be used; see mlrun devices";
    throw InputError(fmt::format("--gpus {}: {}", gpus, why));
  }
  return gpus == "all" ? usable : Choice(visible, gpus).all_of(words_of(gpus));
}

}  // namespace mlrun::device
