// "did you mean".
#include "base/suggest.h"

#include <doctest/doctest.h>

using namespace mlrun;

TEST_CASE("suggest: distances count insertions, deletions, replacements and swapped neighbours") {
  CHECK(edit_distance("units", "units") == 0);
  CHECK(edit_distance("unit", "units") == 1);
  CHECK(edit_distance("untis", "units") == 1);
  CHECK(edit_distance("UNITS", "units") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("suggest: only likely slips are guessed") {
  const std::vector<std::string> words = {"units", "activation", "use_bias"};
  CHECK(nearest("unit", words) == "units");
  CHECK(nearest("activtaion", words) == "activation");
  CHECK(nearest("usebias", words) == "use_bias");
  CHECK(nearest("learning_rate", words) == "");
  CHECK(nearest("", words) == "");
  CHECK(nearest("units", {}) == "");
  CHECK(did_you_mean("unit", words) == "; did you mean 'units'?");
  CHECK(did_you_mean("momentum", words) == "");
}

TEST_CASE("suggest: what is called otherwise elsewhere") {
  const std::vector<std::string> words = {"learning_rate", "rate"};
  CHECK(did_you_mean("lr", words) == "; did you mean 'learning_rate'?");
  CHECK(nearest("data", words) == "");
  CHECK(nearest("data", std::vector<std::string>{"rate", "dataset"}) == "dataset");
}
