// What a run says in its journal of a file that it has finished: whether it is still that file is
// known without reading what it holds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "store/journal.h"

namespace mlrun::trials {

struct Seal {
  std::string name;  ///< in the folder of the run
  int64_t bytes = 0;
  uint64_t sum = 0;  ///< checksum() of the content

  bool operator==(const Seal&) const = default;
};

/// The files of a run, as its journal knows them.
class Seals {
 public:
  explicit Seals(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// False if the payload of the journal is no seal. Whatever else comes behind those of the
  /// results outdates them.
  bool take(std::string_view payload);

  bool knows(const std::string& name) const { return seals_.contains(name); }

  /// Whether the file is as it was sealed.
  bool is_intact(const std::string& name) const;

  /// Whether there is a seal, and a file that is another.
  bool is_changed(const std::string& name) const;

  /// Of a finished file.
  void seal(const std::string& name, store::Journal& journal);

  /// Gives a file that is not as it was sealed another name, and says so on stderr.
  void set_aside(const std::string& name) const;

 private:
  std::filesystem::path folder_;
  std::map<std::string, Seal> seals_;
};

}  // namespace mlrun::trials
