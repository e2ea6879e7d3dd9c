// Values to bytes and back: journal payloads and messages between parent and workers.
//
// Little-endian, unpadded; text and lists are a u32 count and then the elements.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace mlrun::store {

static_assert(std::endian::native == std::endian::little, "bytes.h copies values as they are");

template <class T>
concept Scalar = std::is_arithmetic_v<T> || std::is_enum_v<T>;

class ByteWriter {
 public:
  template <Scalar T>
  void put(T value) {
    append(&value, sizeof value);
  }

  void put(std::string_view text) {
    put_count(text.size());
    append(text.data(), text.size());
  }

  template <Scalar T>
  void put(const std::vector<T>& values) {
    put_count(values.size());
    append(values.data(), values.size() * sizeof(T));
  }

  void put(const std::vector<std::string>& texts) {
    put_count(texts.size());
    for (const std::string& text : texts) put(std::string_view(text));
  }

  std::string_view bytes() const { return bytes_; }
  std::string take() { return std::exchange(bytes_, {}); }

 private:
  void append(const void* from, size_t size) {
    if (size > 0) bytes_.append(static_cast<const char*>(from), size);
  }
  /// Throws Error above 4 Gi elements.
  void put_count(size_t count);

  std::string bytes_;
};

/// Reads what a ByteWriter wrote, in the same order and types. The bytes must outlive it. Throws
/// Error when they end too early, whatever they hold.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  template <Scalar T>
  T get() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

  std::string get_string() { return std::string(take(get<uint32_t>())); }

  template <Scalar T>
  std::vector<T> get_vector() {
    const size_t count = get<uint32_t>();
    const std::string_view bytes = take(count * sizeof(T));
    std::vector<T> values(count);
    if (count > 0) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }

  std::vector<std::string> get_strings();

  bool at_end() const { return rest_.empty(); }
  /// Throws Error unless at_end().
  void expect_end() const;

 private:
  std::string_view take(size_t size);

  std::string_view rest_;
};

}  // namespace mlrun::store
