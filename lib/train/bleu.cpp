#include "train/bleu.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace mlrun::train {
namespace {

using Counts = std::map<Sentence, int64_t>;

Counts n_grams(const Sentence& sentence, size_t n) {
  Counts counts;
  for (size_t i = 0; i + n <= sentence.size(); ++i) {
    const auto begin = sentence.begin() + static_cast<int64_t>(i);
    ++counts[Sentence(begin, begin + static_cast<int64_t>(n))];
  }
  return counts;
}

// n-grams of the translation that are in the reference too.
int64_t common(const Counts& translation, const Counts& reference) {
  int64_t sum = 0;
  for (const auto& [words, count] : translation) {
    const auto found = reference.find(words);
    if (found != reference.end()) sum += std::min(count, found->second);
  }
  return sum;
}

}  // namespace

Bleu bleu(std::span<const Sentence> translations, std::span<const Sentence> references) {
  Bleu result;
  for (size_t i = 0; i < translations.size(); ++i) {
    result.words += static_cast<int64_t>(translations[i].size());
    result.reference_words += static_cast<int64_t>(references[i].size());
  }
  double logs = 0;
  for (size_t n = 1; n <= result.precisions.size(); ++n) {
    int64_t right = 0;
    int64_t all = 0;
    for (size_t i = 0; i < translations.size(); ++i) {
      right += common(n_grams(translations[i], n), n_grams(references[i], n));
      all += std::max<int64_t>(static_cast<int64_t>(translations[i].size()) + 1 - int64_t(n), 0);
    }
    double& precision = result.precisions[n - 1];
    if (all > 0) precision = static_cast<double>(right) / static_cast<double>(all);
    logs += std::log(precision);
  }
  if (result.words == 0) return result;
  const double ratio =
      static_cast<double>(result.reference_words) / static_cast<double>(result.words);
  result.brevity_penalty = std::min(1.0, std::exp(1 - ratio));
  result.score = result.brevity_penalty * std::exp(logs / 4);
  return result;
}

}  // namespace mlrun::train
