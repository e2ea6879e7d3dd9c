// Gunther's linear form p / C - 1 = a (p - 1) + b p (p - 1) gives the start; Levenberg-Marquardt
// steps, projected on a, b >= 0, then minimise the deviation in C itself. (More, "The
// Levenberg-Marquardt algorithm", 1978.)
#include "scale/capacity.h"

#include <algorithm>
#include <cmath>

namespace mlrun::scale {
namespace {

constexpr int kMaxSteps = 500;
constexpr double kFirstDamping = 1e-3;
constexpr double kMaxDamping = 1e12;

// Normal equations of two unknowns: [aa ab; ab bb] x = [a b].
struct Normal {
  double aa = 0, ab = 0, bb = 0, a = 0, b = 0;

  void add(double da, double db, double residual) {
    aa += da * da;
    ab += da * db;
    bb += db * db;
    a += da * residual;
    b += db * residual;
  }
};

Capacity solve_contention(const Normal& n) { return {n.aa > 0 ? n.a / n.aa : 0, 0}; }

Capacity solve_both(const Normal& n) {
  const double determinant = n.aa * n.bb - n.ab * n.ab;
  if (determinant <= 1e-14 * n.aa * n.bb) return solve_contention(n);
  return {(n.a * n.bb - n.b * n.ab) / determinant, (n.b * n.aa - n.a * n.ab) / determinant};
}

Capacity projected(const Capacity& at) {
  return {std::max(0.0, at.contention), std::max(0.0, at.coherency)};
}

// The best point of the linear form with both parameters at least 0: the free solution, or the
// better one of the two edges.
Capacity start_of(std::span<const ScalingPoint> points, Coherency coherency) {
  Normal n;
  for (const auto& [p, s] : points) n.add(p - 1, p * (p - 1), p / s - 1);
  const Capacity edge = projected(solve_contention(n));
  if (coherency == Coherency::kZero) return edge;
  const Capacity both = solve_both(n);
  if (both.contention >= 0 && both.coherency >= 0) return both;
  return both.contention < 0 && n.bb > 0 ? projected({0, n.b / n.bb}) : edge;
}

double squares(std::span<const ScalingPoint> points, const Capacity& at) {
  double sum = 0;
  for (const auto& [p, s] : points) sum += std::pow(s - capacity(p, at), 2);
  return sum;
}

Normal linearised(std::span<const ScalingPoint> points, const Capacity& at) {
  Normal n;
  for (const auto& [p, s] : points) {
    const double c = capacity(p, at);
    n.add(-c * c * (p - 1) / p, -c * c * (p - 1), s - c);
  }
  return n;
}

// One damped step. A parameter at 0 that wants to go below stays there.
Capacity step(Normal n, const Capacity& at, Coherency coherency, double damping) {
  n.aa *= 1 + damping;
  n.bb *= 1 + damping;
  const bool hold_a = at.contention == 0 && n.a < 0;
  const bool hold_b = coherency == Coherency::kZero || (at.coherency == 0 && n.b < 0);
  Capacity change;
  if (hold_a && !hold_b && n.bb > 0) {
    change = {0, n.b / n.bb};
  } else if (!hold_a) {
    change = hold_b ? solve_contention(n) : solve_both(n);
  }
  return projected({at.contention + change.contention, at.coherency + change.coherency});
}

}  // namespace

double capacity(double p, const Capacity& at) {
  return p / (1 + at.contention * (p - 1) + at.coherency * p * (p - 1));
}

Capacity fit_capacity(std::span<const ScalingPoint> points, Coherency coherency) {
  Capacity best = start_of(points, coherency);
  double least = squares(points, best);
  double damping = kFirstDamping;
  for (int i = 0; i < kMaxSteps && damping < kMaxDamping; ++i) {
    const Capacity next = step(linearised(points, best), best, coherency, damping);
    const double sum = squares(points, next);
    if (sum < least) {
      best = next;
      least = sum;
      damping /= 10;
    } else {
      damping *= 10;
    }
  }
  return best;
}

}  // namespace mlrun::scale
