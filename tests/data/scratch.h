// A folder of this test alone, and data sets from a few lines of text.
#pragma once

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>

#include "data/open.h"

namespace mlrun::data {

class ScratchFolder {
 public:
  ScratchFolder() {
    static std::atomic<int> counter = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("mlrun-data-" + std::to_string(::getpid()) + "-" + std::to_string(counter++));
    std::filesystem::create_directories(path_);
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  std::filesystem::path write(const std::string& name, const std::string& content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
    return path_ / name;
  }

  OpenOptions options(bool classify = false) const {
    OpenOptions options;
    options.base = path_;
    options.cache = path_ / "cache";
    options.classify = classify;
    return options;
  }

  /// Opens `content` as data.csv.
  Dataset open_csv(const std::string& content, config::DatasetSpec spec,
                   bool classify = false) const {
    write("data.csv", content);
    spec.source = "./data.csv";
    return open_dataset(spec, options(classify));
  }

 private:
  std::filesystem::path path_;
};

}  // namespace mlrun::data
