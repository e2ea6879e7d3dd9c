#include "config/scalar.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace mlrun::config {
namespace {

std::string without_underscores(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool between_digits = text[i] == '_' && i > 0 && i + 1 < text.size() &&
                                std::isdigit(static_cast<unsigned char>(text[i - 1])) &&
                                std::isdigit(static_cast<unsigned char>(text[i + 1]));
    if (!between_digits) plain += text[i];
  }
  return plain;
}

}  // namespace

std::optional<double> parse_float(std::string_view text) {
  std::string plain = without_underscores(text);
  std::string_view digits = plain;
  const bool positive = digits.starts_with('+');
  if (positive) digits.remove_prefix(1);
  const bool negative = digits.starts_with('-');
  if (positive && negative) return std::nullopt;
  const std::string_view magnitude = negative ? digits.substr(1) : digits;
  if (magnitude == ".inf" || magnitude == "inf") {
    const double infinity = std::numeric_limits<double>::infinity();
    return negative ? -infinity : infinity;
  }
  if (magnitude == ".nan") return std::numeric_limits<double>::quiet_NaN();
  const bool numeric =
      !magnitude.empty() && (std::isdigit(static_cast<unsigned char>(magnitude[0])) ||
                             (magnitude[0] == '.' && magnitude.size() > 1));
  if (!numeric) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::strtod(plain.c_str(), nullptr);
  if (error != std::errc()) return std::nullopt;
  return value;
}

std::string float_misfit(std::string_view text, double value) {
  if (std::abs(value) > static_cast<double>(std::numeric_limits<float>::max())) {
    return fmt::format("too large: {}; float32 holds numbers up to 3.4e38", text);
  }
  const std::string_view digits = text.substr(0, text.find_first_of("eE"));
  const bool written_as_zero = digits.find_first_of("123456789") == std::string_view::npos;
  if (static_cast<float>(value) == 0 && !written_as_zero) {
    return fmt::format("too small: {} would be 0; float32 holds numbers from 1.4e-45", text);
  }
  return "";
}

bool is_huge_int(std::string_view text) {
  constexpr double kExact = 9007199254740992.0;  // 2^53: beyond it every double is whole
  const std::optional<double> value = parse_float(text);
  const bool digits = !text.empty() && std::isdigit(static_cast<unsigned char>(text.back()));
  return value && digits && std::abs(*value) >= kExact;
}

std::optional<int64_t> parse_int(std::string_view text) {
  const std::optional<double> value = parse_float(text);
  if (!value || !std::isfinite(*value) || *value != std::floor(*value)) return std::nullopt;
  const std::string plain = without_underscores(text);
  if (const auto exact = parse_position(plain)) return exact;
  const bool only_digits = plain.find_first_of(".eE") == std::string::npos;
  if (only_digits || std::abs(*value) > 9e15) return std::nullopt;
  return static_cast<int64_t>(*value);
}

std::optional<int64_t> parse_position(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int64_t exact = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exact);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return exact;
}

std::optional<bool> parse_bool(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

bool is_null_word(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

std::string format_float(double value) {
  if (std::isnan(value)) return ".nan";
  if (std::isinf(value)) return value > 0 ? ".inf" : "-.inf";
  return fmt::format("{}", value);
}

}  // namespace mlrun::config
