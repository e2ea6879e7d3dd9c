#include "scale/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "base/philox.h"

namespace mlrun::scale {
namespace {

int& counted(Point& point) {
  switch (point.strategy) {
    case Strategy::kWorkers:
    case Strategy::kGpus:
      return point.workers;
    case Strategy::kThreads:
      return point.threads;
    case Strategy::kStreams:
      return point.streams;
    case Strategy::kStack:
      return point.stack;
  }
  return point.workers;
}

Point make_point(const StudyOptions& options, const Axis& axis, Mode mode, int count) {
  const int most = axis.counts.back();
  Point point;
  point.strategy = axis.strategy;
  point.mode = mode;
  counted(point) = count;
  if (axis.strategy != Strategy::kThreads) {
    const int tasks = options.tasks > 0 ? options.tasks : most;
    point.tasks = mode == Mode::kStrong ? tasks : count;
  } else if (mode == Mode::kWeak) {
    point.row_share = static_cast<double>(count) / most;
    point.batch_factor = count;
  }
  return point;
}

// Of an even number, all of the two in the middle: the parts add up to the time.
Summary summarize(std::vector<const Measurement*> repeats) {
  std::sort(repeats.begin(), repeats.end(),
            [](const auto* a, const auto* b) { return a->seconds < b->seconds; });
  const Measurement& middle = *repeats[(repeats.size() - 1) / 2];
  Summary s;
  s.point = middle.point;
  s.point.repeat = 0;
  s.params = middle.params;
  s.parameters = middle.parameters;
  const Measurement& upper = *repeats[repeats.size() / 2];
  s.median = (middle.seconds + upper.seconds) / 2;
  s.least = repeats.front()->seconds;
  s.most = repeats.back()->seconds;
  s.compute = (middle.compute + upper.compute) / 2;
  s.data = (middle.data + upper.data) / 2;
  s.idle = (middle.idle + upper.idle) / 2;
  const double samples = middle.samples_per_second * middle.seconds;  // the same in both
  s.samples_per_second = samples / s.median;
  s.loss = middle.loss;
  return s;
}

void compare_with_one(Curve& curve) {
  const double base = curve.points.front().median;
  std::vector<ScalingPoint> points;
  for (Summary& s : curve.points) {
    const int p = s.point.parallelism();
    const bool weak = s.point.mode == Mode::kWeak;
    s.speedup = speedup(base, s.median) * (weak ? p : 1);
    s.efficiency = efficiency(p, s.speedup);
    s.serial = weak ? scaled_serial_fraction(p, s.speedup) : serial_fraction(p, s.speedup);
    points.push_back({static_cast<double>(p), s.speedup});
  }
  if (curve.points.front().point.mode == Mode::kWeak) {
    curve.gustafson = fit_gustafson(points);
  } else {
    curve.amdahl = fit_amdahl(points);
    curve.usl = fit_usl(points);
  }
}

}  // namespace

std::vector<Point> plan_points(const StudyOptions& options) {
  std::vector<Point> all;
  for (const Axis& axis : options.axes) {
    for (const Mode mode : options.modes) {
      for (const int count : axis.counts) {
        for (int cell = 0; cell < options.cells; ++cell) {
          for (int repeat = 0; repeat < options.repeats; ++repeat) {
            Point point = make_point(options, axis, mode, count);
            point.cell = cell;
            point.repeat = repeat;
            all.push_back(point);
          }
        }
      }
    }
  }
  std::vector<int64_t> order(all.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
  shuffle(order, PhiloxStream(static_cast<uint64_t>(options.seed), Purpose::kOrder), 0);
  std::vector<Point> shuffled;
  for (const int64_t i : order) shuffled.push_back(all[static_cast<size_t>(i)]);
  return shuffled;
}

std::vector<Curve> make_curves(const std::vector<Measurement>& measurements) {
  using CurveKey = std::tuple<Strategy, Mode, int32_t>;
  std::map<CurveKey, std::map<int, std::vector<const Measurement*>>> groups;
  for (const Measurement& m : measurements) {
    groups[{m.point.strategy, m.point.mode, m.point.cell}][m.point.parallelism()].push_back(&m);
  }
  std::vector<Curve> curves;
  for (const auto& [key, by_count] : groups) {
    Curve curve;
    for (const auto& [count, repeats] : by_count) curve.points.push_back(summarize(repeats));
    compare_with_one(curve);
    curves.push_back(std::move(curve));
  }
  return curves;
}

PowerFit fit_complexity(const std::vector<Curve>& curves) {
  std::vector<SizePoint> points;
  const Point& first = curves.front().points.front().point;
  for (const Curve& curve : curves) {
    const Summary& one = curve.points.front();
    if (one.point.strategy != first.strategy || one.point.mode != first.mode) continue;
    points.push_back({static_cast<double>(one.parameters), one.median});
  }
  return fit_power(points);
}

}  // namespace mlrun::scale
