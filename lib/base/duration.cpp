#include "base/duration.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

namespace mlrun {
namespace {

constexpr double kMinute = 60;
constexpr double kHour = 3600;
constexpr double kDay = 86400;

// 0 for what is no unit.
double seconds_in(std::string_view unit) {
  if (unit == "s") return 1;
  if (unit == "m" || unit == "min") return kMinute;
  if (unit == "h") return kHour;
  return unit == "d" ? kDay : 0;
}

// Takes the characters of the set off the front.
std::string_view take(std::string_view& text, std::string_view set) {
  const std::string_view taken = text.substr(0, text.find_first_not_of(set));
  text.remove_prefix(taken.size());
  return taken;
}

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  const bool whole = error == std::errc() && rest == end && std::isfinite(value);
  return whole && text.find('-') == text.npos ? std::optional(value) : std::nullopt;
}

// "1h30m": each unit is smaller than the one before.
std::optional<double> parse_units(std::string_view text) {
  double total = 0;
  double before = std::numeric_limits<double>::infinity();
  while (!text.empty()) {
    const std::optional<double> value = parse_number(take(text, "0123456789."));
    const double unit = seconds_in(take(text, "dhmins"));
    if (!value || unit == 0 || unit >= before) return std::nullopt;
    total += *value * unit;
    before = unit;
  }
  return total;
}

// The numbers between colons; none where there is anything else.
std::vector<double> parse_clock(std::string_view text) {
  std::vector<double> numbers;
  for (;;) {
    const std::optional<double> number = parse_number(take(text, "0123456789"));
    if (!number) return {};
    numbers.push_back(*number);
    if (text.empty()) return numbers;
    if (!text.starts_with(':')) return {};
    text.remove_prefix(1);
  }
}

// What is written of hours, minutes and seconds; the first number is of `unit` seconds.
std::optional<double> add_up(const std::vector<double>& numbers, double unit) {
  if (numbers.empty() || numbers.size() > 3) return std::nullopt;
  double total = 0;
  for (const double number : numbers) {
    total += number * unit;
    unit /= 60;
  }
  return total;
}

std::optional<double> parse_slurm_time(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == text.npos) {
    const std::vector<double> clock = parse_clock(text);
    return add_up(clock, clock.size() == 3 ? kHour : kMinute);
  }
  const std::vector<double> days = parse_clock(text.substr(0, dash));
  const std::optional<double> rest = add_up(parse_clock(text.substr(dash + 1)), kHour);
  if (days.size() != 1 || !rest) return std::nullopt;
  return days.front() * kDay + *rest;
}

}  // namespace

std::optional<double> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text == "UNLIMITED") return std::numeric_limits<double>::infinity();
  if (text.find_first_of(":-") != text.npos) return parse_slurm_time(text);
  if (const std::optional<double> seconds = parse_number(text)) return seconds;
  return parse_units(text);
}

}  // namespace mlrun
