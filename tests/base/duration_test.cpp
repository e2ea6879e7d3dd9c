#include "base/duration.h"

#include <doctest/doctest.h>

#include <cmath>
#include <utility>

using mlrun::parse_duration;

TEST_CASE("duration: by units") {
  const std::pair<const char*, double> cases[] = {
      {"90", 90},     {"90s", 90},  {"0.1s", 0.1},    {"15m", 900},        {"90min", 5400},
      {"1.5h", 5400}, {"2h", 7200}, {"1d", 86400},    {"1h30m", 5400},     {"1d12h", 129600},
      {"1m30s", 90},  {"0", 0},     {"10min5s", 605}, {"1d1h1m1s", 90061},
  };
  for (const auto& [text, seconds] : cases) {
    CAPTURE(text);
    CHECK(parse_duration(text) == seconds);
  }
}

TEST_CASE("duration: as Slurm writes them") {
  const std::pair<const char*, double> cases[] = {
      {"1:30", 90},        {"0:00", 0},           {"59:59", 3599},         {"90:00", 5400},
      {"00:01:30", 90},    {"12:00:00", 43200},   {"1-00:00:00", 86400},   {"1-00", 86400},
      {"2-03:30", 185400}, {"1-01:01:01", 90061}, {"10-00:00:01", 864001},
  };
  for (const auto& [text, seconds] : cases) {
    CAPTURE(text);
    CHECK(parse_duration(text) == seconds);
  }
  CHECK(std::isinf(parse_duration("UNLIMITED").value()));
}

TEST_CASE("duration: what is none") {
  for (const char* text :
       {"",      "soon",   "-5",    "1e3",     "5x",  "h",     "1h30",      "30m1h",
        "1m1m",  "1:",     ":30",   "1:2:3:4", "1-",  "-1:00", "1-2:3:4:5", "1-2-3",
        "1:3.5", "1.5:30", "1:30s", "INVALID", "1 h", "inf",   "nan",       "1..5h"}) {
    CAPTURE(text);
    CHECK(!parse_duration(text));
  }
}
