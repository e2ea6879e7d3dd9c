// Texts and numbers one after the other in a string, each with its length.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace mlrun::data {

class TextPacker {
 public:
  void add(int64_t number) {
    packed_.append(reinterpret_cast<const char*>(&number), sizeof(number));
  }
  void add(const std::string& text) {
    add(static_cast<int64_t>(text.size()));
    packed_ += text;
  }
  template <class T>
  void add(const std::vector<T>& list) {
    add(static_cast<int64_t>(list.size()));
    for (const T& item : list) add(item);
  }
  std::string take() { return std::move(packed_); }

 private:
  std::string packed_;
};

/// Reads back in the same order. Throws Error when the string is too short.
class TextUnpacker {
 public:
  explicit TextUnpacker(std::string_view packed) : rest_(packed) {}

  int64_t number() {
    int64_t value = 0;
    std::memcpy(&value, bytes(sizeof(value)).data(), sizeof(value));
    return value;
  }
  std::string text() { return std::string(bytes(static_cast<size_t>(number()))); }
  std::vector<int64_t> numbers() {
    return list<int64_t>([this] { return number(); });
  }
  std::vector<std::string> texts() {
    return list<std::string>([this] { return text(); });
  }

 private:
  template <class T, class Read>
  std::vector<T> list(Read read) {
    std::vector<T> items;
    for (int64_t left = number(); left > 0; --left) items.push_back(read());
    return items;
  }

  std::string_view bytes(size_t size) {
    if (size > rest_.size()) throw Error("a data cache file is damaged; delete it");
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
};

}  // namespace mlrun::data
