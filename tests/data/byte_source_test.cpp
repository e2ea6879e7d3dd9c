#include "data/byte_source.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include "data_folder.h"

namespace mlrun::data {
namespace {

// One gzip member, whole in a file.
std::string gzipped(const DataFolder& scratch, const std::string& text) {
  const std::filesystem::path path = scratch.path() / "member.gz";
  const gzFile file = ::gzopen(path.c_str(), "wb");
  ::gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  ::gzclose(file);
  return read_file(path);
}

std::string read_all(ByteSource& bytes) {
  std::string all;
  std::string chunk(1000, '\0');
  for (size_t got = 1; got > 0;) {
    got = bytes.read(chunk.data(), chunk.size());
    all += chunk.substr(0, got);
  }
  return all;
}

}  // namespace

TEST_CASE("byte source: members follow each other, zeros at the end are padding") {
  const DataFolder scratch;
  const std::string first(300000, 'a');
  const std::string second = "b\nc\n";
  const std::string packed =
      gzipped(scratch, first) + gzipped(scratch, second) + std::string(700, '\0');
  const auto bytes = open_bytes(scratch.write("two.gz", packed));
  CHECK(read_all(*bytes) == first + second);
  CHECK(bytes->sha256() == sha256(packed));
}

TEST_CASE("byte source: gzip is recognised without its ending") {
  const DataFolder scratch;
  CHECK(read_all(*open_bytes(scratch.write("plain", gzipped(scratch, "text")))) == "text");
}

TEST_CASE("byte source: the checksum is that of the whole file, read or not") {
  const DataFolder scratch;
  const std::string text(500000, 'x');
  const auto bytes = open_bytes(scratch.write("file", text));
  std::string start(10, '\0');
  CHECK(bytes->read(start.data(), 10) == 10);
  CHECK(bytes->sha256() == sha256(text));
}

TEST_CASE("byte source: a packed CSV is read like a plain one") {
  const DataFolder scratch;
  std::string text = "a,y\n";
  for (int i = 0; i < 200000; ++i) text += std::to_string(i) + "," + std::to_string(i % 10) + "\n";
  scratch.write("table.csv.gz",
                gzipped(scratch, text.substr(0, 777777)) + gzipped(scratch, text.substr(777777)));
  config::DatasetSpec spec;
  spec.source = "table.csv.gz";
  spec.target = {"y"};
  const Dataset d = open_dataset(spec, scratch.options());
  REQUIRE(d.rows == 200000);
  CHECK(d.name == "table");
  int wrong = 0;
  for (int i = 0; i < 200000; ++i) wrong += d.feature(i, 0) != static_cast<float>(i);
  CHECK(wrong == 0);
}

}  // namespace mlrun::data
