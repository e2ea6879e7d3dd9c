#include "store/bytes.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace mlrun;
using namespace mlrun::store;

namespace {

enum class Colour : uint8_t { kRed = 3 };

std::string sample_bytes() {
  ByteWriter writer;
  writer.put(int32_t{-5});
  writer.put(0.1);
  writer.put(Colour::kRed);
  writer.put(std::string_view("Größe"));
  writer.put(std::vector<float>{1.5f, -2.0f});
  writer.put(std::vector<int64_t>{});
  writer.put(std::vector<std::string>{"", "b"});
  return writer.take();
}

void skim_sample(std::string_view bytes) {
  ByteReader reader(bytes);
  reader.get<int32_t>();
  reader.get<double>();
  reader.get<Colour>();
  reader.get_string();
  reader.get_vector<float>();
  reader.get_vector<int64_t>();
  reader.get_strings();
}

}  // namespace

TEST_CASE("bytes: values come back in order") {
  const std::string bytes = sample_bytes();
  ByteReader reader(bytes);
  CHECK(reader.get<int32_t>() == -5);
  CHECK(reader.get<double>() == 0.1);
  CHECK(reader.get<Colour>() == Colour::kRed);
  CHECK(reader.get_string() == "Größe");
  CHECK(reader.get_vector<float>() == std::vector<float>{1.5f, -2.0f});
  CHECK(reader.get_vector<int64_t>().empty());
  CHECK(reader.get_strings() == std::vector<std::string>{"", "b"});
  CHECK(reader.at_end());
  reader.expect_end();
}

TEST_CASE("bytes: the layout is little-endian and unpadded") {
  ByteWriter writer;
  writer.put(uint8_t{1});
  writer.put(uint16_t{0x0203});
  writer.put(std::string_view("x"));
  CHECK(writer.bytes() == std::string_view("\x01\x03\x02\x01\0\0\0x", 8));
}

TEST_CASE("bytes: every truncation is an error, not a read past the end") {
  const std::string whole = sample_bytes();
  for (size_t size = 0; size < whole.size(); ++size) {
    CHECK_THROWS_AS(skim_sample(std::string_view(whole).substr(0, size)), Error);
  }
}

TEST_CASE("bytes: errors") {
  CHECK_THROWS_WITH_AS(ByteReader("ab").get<uint32_t>(), "message: 4 bytes expected, 2 left",
                       Error);
  CHECK_THROWS_WITH_AS(ByteReader("ab").expect_end(), "message: 2 bytes too many", Error);
  const std::string huge = "\xff\xff\xff\xff";
  CHECK_THROWS_AS(ByteReader(huge).get_vector<double>(), Error);
  CHECK_THROWS_AS(ByteReader(huge).get_strings(), Error);
}
