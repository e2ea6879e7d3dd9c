// Scalars of the experiment file: YAML 1.2 core types, so `no` stays a string and `1e-3` is a
// number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mlrun::config {

/// Numbers that are whole, with an optional sign: 1000000, and 1e6, 1_000_000 and 1000000.0, as
/// people and programs spell them.
std::optional<int64_t> parse_int(std::string_view text);

/// Digits with an optional sign, as places are counted: other numbers may be names.
std::optional<int64_t> parse_position(std::string_view text);

/// Whether this is a whole number that parse_int cannot hold.
bool is_huge_int(std::string_view text);

/// Any decimal or scientific number, `.inf`, `inf`, `.nan`. What is too large is infinite, what is
/// too small is 0.
std::optional<double> parse_float(std::string_view text);

/// Why the number written as `text`, of which `value` was read, is none in float32: "too large:
/// ..." or "too small: ...", of a number that would become 0; "" if it is one.
std::string float_misfit(std::string_view text, double value);

/// `true`/`false` in YAML's three spellings.
std::optional<bool> parse_bool(std::string_view text);

/// "", "~", "null" in YAML's spellings.
bool is_null_word(std::string_view text);

/// The shortest text that parses back to `value`: "0.001", "1e-07", "100".
std::string format_float(double value);

}  // namespace mlrun::config
