#include "train/beam_search.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace mlrun::train {
namespace {

struct Step {
  double log_probability = 0;
  size_t from = 0;
  int32_t token = 0;
};

bool comes_first(const Step& a, const Step& b) {
  return std::tuple(-a.log_probability, a.from, a.token) <
         std::tuple(-b.log_probability, b.from, b.token);
}

// The likeliest `count` steps, in order.
std::vector<Step> likeliest(const std::vector<Hypothesis>& open, std::span<const float> next,
                            size_t count) {
  const size_t tokens = next.size() / open.size();
  std::vector<Step> steps;
  for (size_t i = 0; i < next.size(); ++i) {
    if (next[i] <= 0) continue;
    const size_t from = i / tokens;
    steps.push_back({open[from].log_probability + std::log(static_cast<double>(next[i])), from,
                     static_cast<int32_t>(i % tokens)});
  }
  count = std::min(count, steps.size());
  std::partial_sort(steps.begin(), steps.begin() + static_cast<int64_t>(count), steps.end(),
                    comes_first);
  steps.resize(count);
  return steps;
}

}  // namespace

// An end counts only among the first `beam` steps, so that a beam of 1 is greedy.
void Beam::extend(std::span<const float> next) {
  const auto beam = static_cast<size_t>(options_.beam);
  const std::vector<Step> steps = likeliest(open_, next, 2 * beam);
  std::vector<Hypothesis> extended;
  for (size_t i = 0; i < steps.size() && extended.size() < beam; ++i) {
    Hypothesis made{open_[steps[i].from].tokens, steps[i].log_probability};
    if (steps[i].token == options_.end) {
      if (i < beam) ended_.push_back(std::move(made));
      continue;
    }
    made.tokens.push_back(steps[i].token);
    extended.push_back(std::move(made));
  }
  open_ = std::move(extended);
  const bool cut =
      !open_.empty() && static_cast<int64_t>(open_[0].tokens.size()) >= options_.longest;
  if (cut) longest_ = open_[0];
  if (cut || ended_.size() >= beam) open_.clear();
}

double Beam::score(const Hypothesis& hypothesis) const {
  const auto length = static_cast<double>(hypothesis.tokens.size()) + 1;
  return hypothesis.log_probability / std::pow((5 + length) / 6, options_.length_penalty);
}

const Hypothesis& Beam::best() const {
  if (ended_.empty()) return open_.empty() ? longest_ : open_[0];
  return *std::max_element(
      ended_.begin(), ended_.end(),
      [&](const Hypothesis& a, const Hypothesis& b) { return score(a) < score(b); });
}

}  // namespace mlrun::train
