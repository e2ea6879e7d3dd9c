#include "base/checksum.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace mlrun;

TEST_CASE("checksum: every flipped bit and every length is told") {
  std::string bytes(203, 'a');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(7 * i);
  std::set<uint64_t> seen = {checksum(bytes)};
  size_t made = 1;
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      seen.insert(checksum(changed));
      ++made;
    }
    seen.insert(checksum(bytes.substr(0, i)));
    ++made;
  }
  CHECK(seen.size() == made);
  CHECK(checksum(bytes) == checksum(std::string(bytes)));
}

TEST_CASE("checksum: zeros count, and so does where bytes are") {
  CHECK(checksum(std::string(64, '\0')) != checksum(std::string(65, '\0')));
  std::string first(128, '\0'), second(128, '\0');
  first[0] = 1;
  second[64] = 1;
  CHECK(checksum(first) != checksum(second));
}
