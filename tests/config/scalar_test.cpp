// What a plain word of the experiment file is.
#include "config/scalar.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace mlrun::config;

TEST_CASE("scalar: numbers as people write them") {
  CHECK(parse_float("1e-3") == 1e-3);
  CHECK(parse_float("1E3") == 1000);
  CHECK(parse_float("+.5") == 0.5);
  CHECK(parse_float("-0") == 0);
  CHECK(parse_float("1_000.5") == 1000.5);
  CHECK(parse_float("5.") == 5);
  CHECK(parse_float("1e999") == std::numeric_limits<double>::infinity());
  CHECK(parse_float("-1e999") == -std::numeric_limits<double>::infinity());
  CHECK(parse_float("1e-999") == 0);
  CHECK(parse_float(".inf") == std::numeric_limits<double>::infinity());
  CHECK(parse_float("-.inf") == -std::numeric_limits<double>::infinity());
  CHECK(std::isnan(parse_float(".nan").value()));
  for (const char* text : {"", "ten", "1e", "0x10", "1,5", "1 2", "_1", "1_", "1__0", "--1", "+-1",
                           ".", "e3", "nan", "infinity", "1.2.3"}) {
    CAPTURE(std::string(text));
    CHECK(!parse_float(text));
  }
}

TEST_CASE("scalar: what is no number in float32") {
  for (const char* text : {"0", "0.0", "-0e5", "0e-999", "1e-45", "3.4e38", "-3.4e38"}) {
    CAPTURE(std::string(text));
    CHECK(float_misfit(text, *parse_float(text)) == "");
  }
  for (const char* text : {"1e-46", "-1e-400", "0.001e-999"}) {
    CAPTURE(std::string(text));
    CHECK(float_misfit(text, *parse_float(text)) ==
          "too small: " + std::string(text) + " would be 0; float32 holds numbers from 1.4e-45");
  }
  CHECK(float_misfit("-1e39", -1e39) == "too large: -1e39; float32 holds numbers up to 3.4e38");
}

TEST_CASE("scalar: whole numbers") {
  CHECK(parse_int("1_000_000") == 1000000);
  CHECK(parse_int("1e6") == 1000000);
  CHECK(parse_int("2.5e1") == 25);
  CHECK(parse_int("7.0") == 7);
  CHECK(parse_int("-1_000.") == -1000);
  CHECK(parse_int("-7") == -7);
  CHECK(parse_int("+7") == 7);
  CHECK(parse_int("9223372036854775807") == std::numeric_limits<int64_t>::max());
  CHECK(parse_int("-9223372036854775808") == std::numeric_limits<int64_t>::min());
  for (const char* text : {"9223372036854775808", "1e300", ".inf", ".nan", "1.5", "4.5e0",
                           "9007199254740993.0", "true"}) {
    CAPTURE(std::string(text));
    CHECK(!parse_int(text));
  }
  CHECK(parse_position("-2") == -2);
  CHECK(!parse_position("7.0"));
  CHECK(!parse_position("1e3"));
  CHECK(is_huge_int("9223372036854775808"));
  CHECK(is_huge_int("-1e300"));
  CHECK(!is_huge_int("12"));
  CHECK(!is_huge_int(".inf"));
  CHECK(!is_huge_int("many"));
}

TEST_CASE("scalar: only true and false are booleans, so that no, off and n stay words") {
  for (const char* text : {"true", "True", "TRUE"}) CHECK(parse_bool(text) == true);
  for (const char* text : {"false", "False", "FALSE"}) CHECK(parse_bool(text) == false);
  for (const char* text : {"no", "yes", "on", "off", "n", "y", "1", "0", "tRUE", ""}) {
    CAPTURE(std::string(text));
    CHECK(!parse_bool(text));
  }
  for (const char* text : {"", "~", "null", "Null", "NULL"}) CHECK(is_null_word(text));
  CHECK(!is_null_word("none"));
}

TEST_CASE("scalar: the text of a number parses back to it") {
  for (const double value : {0.1, 1e-07, 100.0, -2.5e300, 1.0 / 3, 5e-324, 0.0}) {
    CHECK(parse_float(format_float(value)) == value);
  }
  CHECK(format_float(0.001) == "0.001");
  CHECK(format_float(100) == "100");
  CHECK(format_float(-std::numeric_limits<double>::infinity()) == "-.inf");
}
