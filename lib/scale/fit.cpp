#include "scale/fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "scale/capacity.h"

namespace mlrun::scale {
namespace {

std::vector<ScalingPoint> sound(std::span<const ScalingPoint> points) {
  std::vector<ScalingPoint> kept;
  for (const ScalingPoint& point : points) {
    const bool numbers = std::isfinite(point.workers) && std::isfinite(point.speedup);
    if (numbers && point.workers >= 1 && point.speedup > 0) kept.push_back(point);
  }
  return kept;
}

// p = 1 says nothing: every law gives 1 there.
size_t distinct_workers_above_one(std::span<const ScalingPoint> points) {
  std::set<double> seen;
  for (const ScalingPoint& point : points) {
    if (point.workers > 1) seen.insert(point.workers);
  }
  return seen.size();
}

template <class Fit>
double rms_of(const Fit& fit, std::span<const ScalingPoint> points) {
  double sum = 0;
  for (const ScalingPoint& point : points) {
    sum += std::pow(point.speedup - fit.at(point.workers), 2);
  }
  return points.empty() ? 0 : std::sqrt(sum / static_cast<double>(points.size()));
}

template <class Fit>
FitQuality quality_of(const Fit& fit, const std::vector<ScalingPoint>& points, size_t parameters) {
  const size_t distinct = distinct_workers_above_one(points);
  return {rms_of(fit, points), static_cast<int>(distinct), distinct >= parameters};
}

// Logarithms that differ by rounding alone have about this much of a second moment.
constexpr double kNoSpread = 1e-24;

struct LogPoint {
  double x, y;
};

std::vector<LogPoint> logarithms(std::span<const SizePoint> points) {
  std::vector<LogPoint> logs;
  for (const SizePoint& point : points) {
    const LogPoint log{std::log(point.size), std::log(point.seconds)};
    if (std::isfinite(log.x) && std::isfinite(log.y)) logs.push_back(log);
  }
  return logs;
}

// Second moments about the means.
struct Moments {
  double mean_x = 0, mean_y = 0, xx = 0, xy = 0, yy = 0;
};

Moments moments_of(const std::vector<LogPoint>& points) {
  Moments moments;
  for (const LogPoint& point : points) {
    moments.mean_x += point.x / static_cast<double>(points.size());
    moments.mean_y += point.y / static_cast<double>(points.size());
  }
  for (const LogPoint& point : points) {
    const double x = point.x - moments.mean_x;
    const double y = point.y - moments.mean_y;
    moments.xx += x * x;
    moments.xy += x * y;
    moments.yy += y * y;
  }
  return moments;
}

}  // namespace

double speedup(double seconds_of_one, double seconds) { return seconds_of_one / seconds; }

double efficiency(double workers, double speedup) { return speedup / workers; }

double serial_fraction(double workers, double speedup) {
  if (workers <= 1) return 0;
  return (1 / speedup - 1 / workers) / (1 - 1 / workers);
}

double scaled_serial_fraction(double workers, double speedup) {
  if (workers <= 1) return 0;
  return (workers - speedup) / (workers - 1);
}

double AmdahlFit::at(double workers) const { return capacity(workers, {serial, 0}); }

double AmdahlFit::limit() const {
  return serial > 0 ? 1 / serial : std::numeric_limits<double>::infinity();
}

AmdahlFit fit_amdahl(std::span<const ScalingPoint> points) {
  const std::vector<ScalingPoint> kept = sound(points);
  AmdahlFit fit;
  fit.serial = std::min(1.0, fit_capacity(kept, Coherency::kZero).contention);
  fit.quality = quality_of(fit, kept, 1);
  return fit;
}

double GustafsonFit::at(double workers) const { return workers - serial * (workers - 1); }

GustafsonFit fit_gustafson(std::span<const ScalingPoint> points) {
  const std::vector<ScalingPoint> kept = sound(points);
  double above = 0;
  double below = 0;
  for (const ScalingPoint& point : kept) {
    above += (point.workers - 1) * (point.workers - point.speedup);
    below += (point.workers - 1) * (point.workers - 1);
  }
  GustafsonFit fit;
  fit.serial = below > 0 ? std::clamp(above / below, 0.0, 1.0) : 0;
  fit.quality = quality_of(fit, kept, 1);
  return fit;
}

double UslFit::at(double workers) const { return capacity(workers, {contention, coherency}); }

std::optional<double> UslFit::peak() const {
  if (coherency <= 0) return std::nullopt;
  return std::max(1.0, std::sqrt(std::max(0.0, 1 - contention) / coherency));
}

UslFit fit_usl(std::span<const ScalingPoint> points) {
  const std::vector<ScalingPoint> kept = sound(points);
  const size_t distinct = distinct_workers_above_one(kept);
  const Capacity found = fit_capacity(kept, distinct >= 2 ? Coherency::kFree : Coherency::kZero);
  UslFit fit{found.contention, found.coherency, {}};
  fit.quality = quality_of(fit, kept, 2);
  return fit;
}

double PowerFit::at(double size) const { return factor * std::pow(size, exponent); }

PowerFit fit_power(std::span<const SizePoint> points) {
  const std::vector<LogPoint> logs = logarithms(points);
  if (logs.empty()) return {};
  const Moments moments = moments_of(logs);
  PowerFit fit;
  fit.determined =
      std::ranges::any_of(logs, [&](const LogPoint& point) { return point.x != logs.front().x; });
  fit.exponent = fit.determined ? moments.xy / moments.xx : 0;
  fit.factor = std::exp(moments.mean_y - fit.exponent * moments.mean_x);
  const double unexplained = moments.yy - fit.exponent * moments.xy;
  fit.r_squared = moments.yy > kNoSpread ? std::clamp(1 - unexplained / moments.yy, 0.0, 1.0) : 1;
  return fit;
}

}  // namespace mlrun::scale
