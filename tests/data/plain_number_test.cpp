#include "data/csv/plain_number.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <string>

#include "base/philox.h"

using namespace mlrun;
using namespace mlrun::data;

namespace {

const char* parse(const std::string& text, float& value) {
  return parse_plain_number(text.data(), text.data() + text.size(), value);
}

}  // namespace

TEST_CASE("plain number: the bits of from_chars, or none of its business") {
  const PhiloxStream stream(1, Purpose::kGenerate);
  int taken = 0;
  for (uint64_t i = 0; i < 200000; ++i) {
    const PhiloxBlock words = stream.block(0, i);
    const uint64_t digits =
        ((uint64_t{words[0]} << 32) | words[1]) % (uint64_t{1} << (words[2] % 56 + 1));
    std::string text = fmt::format("{}", digits);
    const size_t decimals = words[3] % 14;
    while (text.size() <= decimals) text.insert(0, "0");
    text.insert(text.size() - decimals, ".");
    if (words[3] & (1u << 20)) text.insert(0, "-");
    float value = 0;
    const char* end = parse(text, value);
    if (!end) continue;
    ++taken;
    float expected = 0;
    std::from_chars(text.data(), text.data() + text.size(), expected);
    INFO(text);
    REQUIRE(std::bit_cast<uint32_t>(value) == std::bit_cast<uint32_t>(expected));
    REQUIRE(end == text.data() + text.size());
  }
  CHECK(taken > 100000);
}

TEST_CASE("plain number: between two floats the general way decides") {
  float value = 0;
  CHECK_FALSE(parse("16777217", value));  // 2^24 + 1
  CHECK(parse("16777218", value));
  CHECK(value == 16777218.0f);
}

TEST_CASE("plain number: what it leaves alone") {
  float value = 5;
  for (const char* text : {"", "-", ".", "-.", "x", "+1", "1e5", "1.5E-3", "nan", "inf",
                           "1234567890123456", "0.1234567890123456"}) {
    INFO(text);
    CHECK_FALSE(parse(text, value));
  }
  CHECK(value == 5);
}

TEST_CASE("plain number: stops at what is no digit") {
  float value = 0;
  const std::string text = "-0.25,7";
  CHECK(parse(text, value) == text.data() + 5);
  CHECK(value == -0.25f);
  CHECK(parse("7.", value));
  CHECK(value == 7.0f);
  CHECK(parse(".5", value));
  CHECK(value == 0.5f);
}
