// The likeliest sequence of tokens by a model that says what comes next: the best few beginnings
// are kept (Graves 2012; with a beam of 1 it is greedy), those that ended, or are as long as they
// may be, compared by their probability for their length (Wu et al. 2016, eq. 14).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace mlrun::train {

constexpr int64_t kWidestBeam = 1000;  ///< more take much memory and bring little

struct BeamOptions {
  int64_t beam = 1;             ///< beginnings that are kept, up to kWidestBeam
  double length_penalty = 0.6;  ///< alpha; 0: shorter sequences win
  int64_t longest = 1;          ///< tokens of a sequence, which then ends
  int32_t end = 0;              ///< the token that ends it
};

struct Hypothesis {
  std::vector<int32_t> tokens;  ///< without the end
  double log_probability = 0;   ///< the end included, if there is one
};

/// The search for one sequence. It ends when all are as long as they may be, or none of those that
/// are open can become the best any more; with a beam of 1, when its one has ended.
class Beam {
 public:
  explicit Beam(const BeamOptions& options) : options_(options), open_(1) {}

  bool done() const { return open_.empty(); }

  /// Beginnings that are to be extended, the likeliest first; at first an empty one.
  const std::vector<Hypothesis>& open() const { return open_; }

  /// `next` holds the probability of every token behind each of open(), which it replaces. Of equal
  /// ones that of the likelier beginning, then that of the lower token, comes first. A token of
  /// probability 0 is never taken.
  void extend(std::span<const float> next);

  /// The best of those that ended or are as long as they may be; of none, the likeliest beginning.
  const Hypothesis& best() const;

 private:
  void cut();
  void finish(Hypothesis hypothesis);
  double score_at(double log_probability, int64_t length) const;
  bool can_win() const;

  BeamOptions options_;
  std::vector<Hypothesis> open_;
  bool finished_ = false;  ///< whether any has
  Hypothesis best_;        ///< of the finished
  double score_ = 0;       ///< of best_
};

}  // namespace mlrun::train
