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

// An end counts only among the first `beam` steps. A beam of 1 is over with it, as what it would go
// on with is no longer the likeliest.
void Beam::extend(std::span<const float> next) {
  const auto beam = static_cast<size_t>(options_.beam);
  const std::vector<Step> steps = likeliest(open_, next, 2 * beam);
  std::vector<Hypothesis> extended;
  for (size_t i = 0; i < steps.size() && extended.size() < beam; ++i) {
    Hypothesis made{open_[steps[i].from].tokens, steps[i].log_probability};
    if (steps[i].token == options_.end) {
      if (i < beam) finish(std::move(made));
      continue;
    }
    made.tokens.push_back(steps[i].token);
    extended.push_back(std::move(made));
  }
  open_ = std::move(extended);
  cut();
  if (finished_ && (beam == 1 || !can_win())) open_.clear();
}

// All that are open have the same length.
void Beam::cut() {
  if (open_.empty() || static_cast<int64_t>(open_[0].tokens.size()) < options_.longest) return;
  for (Hypothesis& one : open_) finish(std::move(one));
  open_.clear();
}

void Beam::finish(Hypothesis hypothesis) {
  const auto length = static_cast<int64_t>(hypothesis.tokens.size());
  const double score = score_at(hypothesis.log_probability, length);
  if (finished_ && score <= score_) return;
  best_ = std::move(hypothesis);
  score_ = score;
  finished_ = true;
}

double Beam::score_at(double log_probability, int64_t length) const {
  const double tokens = static_cast<double>(length) + 1;
  return log_probability / std::pow((5 + tokens) / 6, options_.length_penalty);
}

// Nothing gets likelier as it gets longer, and of equally likely ones the longest has the best
// score.
bool Beam::can_win() const {
  return !open_.empty() && score_at(open_[0].log_probability, options_.longest) > score_;
}

const Hypothesis& Beam::best() const { return finished_ || open_.empty() ? best_ : open_[0]; }

}  // namespace mlrun::train
