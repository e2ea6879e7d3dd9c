// The mathematics of scaling: efficiency measures and the fits of three laws and a power.
//
// p is the number of workers, S(p) = T(1) / T(p) the speedup (Gustafson: scaled speedup).
//
// Amdahl, "Validity of the single processor approach to achieving large scale computing
//   capabilities", AFIPS 1967.
// Gustafson, "Reevaluating Amdahl's law", CACM 31(5), 1988.
// Karp, Flatt, "Measuring parallel processor performance", CACM 33(5), 1990.
// Gunther, "Guerrilla Capacity Planning", Springer 2007, ch. 4 to 6 (Universal Scalability Law).
#pragma once

#include <optional>
#include <span>

namespace mlrun::scale {

/// One measurement; the same `workers` may come several times (repeats). A point with workers < 1
/// or a speedup that is not finite and positive is left out of every fit.
struct ScalingPoint {
  double workers = 1;
  double speedup = 1;
};

/// S = T(1) / T(p); seconds > 0.
double speedup(double seconds_of_one, double seconds);

/// S / p.
double efficiency(double workers, double speedup);

/// Karp-Flatt's experimentally determined serial fraction, (1/S - 1/p) / (1 - 1/p); 0 for p <= 1,
/// where it is not defined. Negative when the speedup is superlinear.
double serial_fraction(double workers, double speedup);

/// Gustafson's serial fraction of a scaled speedup, (p - S) / (p - 1); 0 for p <= 1.
double scaled_serial_fraction(double workers, double speedup);

/// What all fits say about themselves. Nothing here is ever NaN.
struct FitQuality {
  double rms = 0;           ///< root mean square of measured minus fitted S, over all points
  int points = 0;           ///< distinct p > 1; as many as parameters are met whatever they are
  bool determined = false;  ///< enough of them for the number of parameters
};

/// S(p) = 1 / (s + (1 - s) / p), 0 <= s <= 1, least squares in S. Without a point at p > 1: s = 0.
struct AmdahlFit {
  double serial = 0;  ///< s
  FitQuality quality;

  double at(double workers) const;
  /// S for p -> infinity, 1 / s; infinite for s = 0.
  double limit() const;
};
AmdahlFit fit_amdahl(std::span<const ScalingPoint> points);

/// S(p) = p - s (p - 1), 0 <= s <= 1, for weak scaling.
struct GustafsonFit {
  double serial = 0;  ///< s
  FitQuality quality;

  double at(double workers) const;
};
GustafsonFit fit_gustafson(std::span<const ScalingPoint> points);

/// C(p) = p / (1 + a (p - 1) + b p (p - 1)), a, b >= 0, least squares in C. With a single p > 1
/// only a is fitted, and b = 0.
struct UslFit {
  double contention = 0;  ///< a: waiting for what is shared
  double coherency = 0;   ///< b: pairwise exchange
  FitQuality quality;

  double at(double workers) const;
  /// The p with the largest C, sqrt((1 - a) / b), at least 1; none for b = 0.
  std::optional<double> peak() const;
};
UslFit fit_usl(std::span<const ScalingPoint> points);

/// One measurement of time against a size.
struct SizePoint {
  double size = 0;
  double seconds = 0;
};

/// seconds = factor * size^exponent: a straight line through the logarithms. Points that are not
/// positive are left out. With one size: exponent 0 and the geometric mean.
struct PowerFit {
  double factor = 0;
  double exponent = 0;
  double r_squared = 0;     ///< of the logarithms; 1 when they are all met
  bool determined = false;  ///< at least two sizes

  double at(double size) const;
};
PowerFit fit_power(std::span<const SizePoint> points);

}  // namespace mlrun::scale
