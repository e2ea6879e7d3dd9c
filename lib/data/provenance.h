// The checksums of a data set's files.
#pragma once

#include <string>
#include <vector>

#include "data/source.h"

namespace mlrun::data {

class Provenance {
 public:
  /// Throws InputError if the manifest promises another checksum.
  void add(const SourceFile& file, std::string sha256);

  /// That of the only file; of several, that of their checksums one after the other.
  std::string sha256() const;

 private:
  std::vector<std::string> checksums_;
};

}  // namespace mlrun::data
