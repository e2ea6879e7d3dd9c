// Positions in text that a user wrote, and the errors that point at them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mlrun {

/// A named text: a file's content, or one word of the command line.
struct SourceText {
  std::string name;
  std::string text;
  int first_line = 1;  ///< of `text`, when it is only a piece of a large file

  /// Line `number` of the file without its newline; empty outside of `text`.
  std::string_view line(int number) const;
};

/// Where something was written. Lines and columns count from 1; 0 means "nowhere". A column counts
/// bytes here; errors show it in characters.
struct Mark {
  std::shared_ptr<const SourceText> source;
  int line = 0;
  int column = 0;

  bool known() const { return source != nullptr && line > 0; }
};

/// Collects every error of one pass, so that a user sees all of them at once.
class Diagnostics {
 public:
  void error(const Mark& mark, std::string message);

  /// Adds the errors of another pass.
  void append(const Diagnostics& other);

  bool ok() const { return entries_.empty(); }
  size_t size() const { return entries_.size(); }

  /// Each error as `name:line:column: error: message`, the line itself, and a caret, in the order
  /// of their positions.
  std::string render() const;

  /// Throws InputError with render() unless ok().
  void throw_if_any() const;

  struct Entry {
    Mark mark;
    std::string message;
  };
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

/// One error as Diagnostics renders it, without a trailing newline.
std::string render_error(const Mark& mark, std::string_view message);

}  // namespace mlrun
