// The likeliest sequence of tokens by a model that says what comes next: the best few beginnings
// are kept (Graves 2012; with a beam of 1 it is greedy), the ended ones compared by their
// probability for their length (Wu et al. 2016, eq. 14).
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

/// The search for one sequence. It ends when as many hypotheses have ended as are kept, or all are
/// as long as they may be.
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

  /// The best of those that ended; of none, the likeliest beginning.
  const Hypothesis& best() const;

 private:
  double score(const Hypothesis& hypothesis) const;

  BeamOptions options_;
  std::vector<Hypothesis> open_;
  std::vector<Hypothesis> ended_;
  Hypothesis longest_;  ///< the likeliest that was cut
};

}  // namespace mlrun::train
