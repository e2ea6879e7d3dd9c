// The fast way for the numbers that data files are full of: -12.345, without exponent.
#pragma once

namespace mlrun::data {

/// Reads a number at `begin` and returns what follows it, or null if this takes the general way
/// (std::from_chars): no digit, an exponent, more digits than a double holds. The value is the one
/// that from_chars gives, to the last bit.
const char* parse_plain_number(const char* begin, const char* end, float& value);
const char* parse_plain_number(const char* begin, const char* end, double& value);

}  // namespace mlrun::data
