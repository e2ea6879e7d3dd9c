// Lines of whole numbers and floats, read with the place of each: edge lists and the like.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace mlrun::data {

/// One line cut into cells at blanks, tabs and commas.
class NumberLine {
 public:
  NumberLine(const std::filesystem::path& file, int number, std::string_view text);

  size_t size() const { return cells_.size(); }
  std::string_view cell(size_t i) const { return cells_[i]; }
  int number() const { return number_; }

  /// Cell i as a whole number in [least, most], or as a float. Throw InputError at the cell, with
  /// what it should be.
  int64_t whole(size_t i, int64_t least, int64_t most, std::string_view what) const;
  float real(size_t i, std::string_view what) const;

  /// InputError at cell i, or behind the last.
  [[noreturn]] void fail(size_t i, const std::string& message) const;

 private:
  const std::filesystem::path& file_;
  int number_;
  std::string_view text_;
  std::vector<std::string_view> cells_;
};

/// Calls `work` for every line but blank ones and comments ('#' or '%' in front). Returns the
/// file's checksum.
std::string read_number_lines(const std::filesystem::path& file,
                              const std::function<void(const NumberLine&)>& work);

}  // namespace mlrun::data
