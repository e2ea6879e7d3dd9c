// A folder with data files, and the data sets that they become.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "data/open.h"
#include "scratch_folder.h"

namespace mlrun::data {

class DataFolder {
 public:
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
  ScratchFolder folder_;
  std::filesystem::path path_ = folder_ / "";
};

}  // namespace mlrun::data
