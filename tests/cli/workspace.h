// A folder in which commands run as a user types them, the real mlrun on the path.
#pragma once

#include <filesystem>
#include <string>

#include "scratch_folder.h"

namespace mlrun::test {

/// What a command left: its exit code and all it printed.
struct Answer {
  int code = 0;
  std::string out;
  std::string err;
};

class Workspace {
 public:
  /// Holds moons.yaml (one training) and grid.yaml (2 cells x 3 folds), both of milliseconds.
  Workspace();

  /// A line for bash, run in the folder without the caller's MLRUN_ variables.
  Answer run(const std::string& line) const;

  void write(const std::string& name, const std::string& content) const;
  std::string read(const std::string& name) const;
  bool has(const std::string& name) const;

 private:
  ScratchFolder folder_;
};

/// Whether the text holds the part; for messages that CHECK shows whole.
bool holds(const std::string& text, const std::string& part);

}  // namespace mlrun::test
