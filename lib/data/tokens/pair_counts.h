// How often two pieces of words stand side by side, kept up to date while pairs are joined.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mlrun::data {

class PairCounts {
 public:
  /// Pieces are numbers of `names`, -1 for what is never joined.
  explicit PairCounts(std::vector<std::string> names) : names_(std::move(names)) {}

  /// A word that occurs `count` times.
  void add(std::vector<int32_t> pieces, int64_t count);

  /// Joins the most frequent pair, of equals the first by the bytes of its pieces, everywhere; a
  /// new name follows the others. False where no pair occurs twice.
  bool join_most_frequent();

  const std::vector<std::string>& names() const { return names_; }
  std::vector<std::string> take_names() { return std::move(names_); }

 private:
  using Pair = std::pair<int32_t, int32_t>;
  struct Hash {
    size_t operator()(const Pair& pair) const {
      return static_cast<size_t>(pair.first) << 32 ^ static_cast<size_t>(pair.second);
    }
  };
  struct Entry {
    int64_t count = 0;
    std::vector<size_t> words;  ///< that have it, or had it
  };
  struct Word {
    std::vector<int32_t> pieces;
    int64_t count = 0;
  };

  void count(size_t word, int64_t sign);
  bool comes_first(const Pair& a, const Pair& b) const;
  int32_t number(const std::string& name);

  std::vector<std::string> names_;
  std::vector<Word> words_;
  std::unordered_map<Pair, Entry, Hash> pairs_;
};

}  // namespace mlrun::data
