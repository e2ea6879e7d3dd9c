#include "config/yaml_error.h"

#include <fmt/format.h>
#include <yaml-cpp/exceptions.h>

#include <algorithm>

namespace mlrun::config {
namespace {

// The first tab in the indentation of the line or of the line before, or a mark that is not known.
Mark tab_in_indentation(const Mark& at) {
  for (int line = std::max(at.line - 1, 1); line <= at.line; ++line) {
    const std::string_view text = at.source->line(line);
    const size_t tab = text.substr(0, text.find_first_not_of(" \t")).find('\t');
    if (tab != std::string_view::npos) return {at.source, line, static_cast<int>(tab) + 1};
  }
  return {};
}

char bracket_at(const Mark& mark) {
  const std::string_view line = mark.source->line(mark.line);
  const size_t at = line.find_first_of("{[", static_cast<size_t>(mark.column - 1));
  return at == std::string_view::npos ? '{' : line[at];
}

std::string anchor_name(const Mark& at) {
  const std::string_view rest = at.source->line(at.line).substr(static_cast<size_t>(at.column));
  return std::string(rest.substr(0, rest.find_first_of(" \t\r,]}")));
}

}  // namespace

SyntaxError explain_syntax(const YAML::Exception& error, const Mark& at, const Mark& open_bracket) {
  namespace Says = YAML::ErrorMsg;
  const Mark tab = tab_in_indentation(at);
  if (tab.known()) return {tab, "a tab in the indentation; YAML is indented with blanks only"};
  const auto says = [&](const char* text) { return error.msg.starts_with(text); };
  if (says(Says::END_OF_MAP_FLOW) || says(Says::END_OF_SEQ_FLOW)) {
    if (!open_bracket.known()) return {at, "a bracket is not closed"};
    const char bracket = bracket_at(open_bracket);
    return {at, fmt::format("expected ',' or '{}' here: the '{}' of line {} is not closed",
                            bracket == '{' ? '}' : ']', bracket, open_bracket.line)};
  }
  if (says(Says::END_OF_MAP) || says(Says::END_OF_SEQ)) {
    return {at, "the indentation of this line fits none of the lines above"};
  }
  if (says(Says::MAP_VALUE)) {
    return {at,
            "a ':' that cannot be here; is a blank missing after the ':' of the line above, or are "
            "quotes missing around a text?"};
  }
  if (says(Says::UNKNOWN_ANCHOR)) {
    return {at, fmt::format("no anchor '&{0}' above this '*{0}'", anchor_name(at))};
  }
  return {at, "not valid YAML: " + error.msg};
}

}  // namespace mlrun::config
