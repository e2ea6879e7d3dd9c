#include "data/provenance.h"

#include <fmt/format.h>

#include "base/sha256.h"
#include "data/text_error.h"

namespace mlrun::data {

void Provenance::add(const SourceFile& file, std::string sha256) {
  if (!file.sha256.empty() && file.sha256 != sha256) {
    throw file_error(file.path, fmt::format("the file is not the one of the manifest: its sha256 "
                                            "is {}, not {}",
                                            sha256, file.sha256));
  }
  checksums_.push_back(std::move(sha256));
}

std::string Provenance::sha256() const {
  if (checksums_.size() == 1) return checksums_.front();
  std::string all;
  for (const std::string& checksum : checksums_) all += checksum;
  return mlrun::sha256(all);
}

}  // namespace mlrun::data
