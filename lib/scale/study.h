// A scaling study: which points, in which order, and what the curves say.
#pragma once

#include <vector>

#include "scale/axis.h"
#include "scale/fit.h"
#include "scale/point.h"
#include "store/results.h"
#include "store/table.h"

namespace mlrun::scale {

struct StudyOptions {
  std::vector<Axis> axes;
  std::vector<Mode> modes = {Mode::kStrong, Mode::kWeak};
  int cells = 1;  ///< of the varied setting
  int repeats = 3;
  int tasks = 0;     ///< trainings of a strong point but over threads; 0: the largest count
  int64_t seed = 0;  ///< of the order
};

/// All points, repeats included, in random order: drift of the machine does not look like scaling.
std::vector<Point> plan_points(const StudyOptions& options);

/// One curve point over its repeats.
struct Summary {
  Point point;         ///< repeat 0
  std::string params;  ///< as of Measurement
  int64_t parameters = 0;
  double median = 0, least = 0, most = 0;  ///< seconds
  double compute = 0, data = 0, idle = 0;  ///< parts of the median
  double samples_per_second = 0;
  double loss = 0;
  double speedup = 1;  ///< against one worker of the same curve; weak: scaled speedup
  double efficiency = 1;
  double serial = 0;  ///< Karp-Flatt; weak: scaled_serial_fraction()
};

/// One strategy, mode and cell.
struct Curve {
  std::vector<Summary> points;  ///< by parallelism
  AmdahlFit amdahl;             ///< strong
  GustafsonFit gustafson;       ///< weak
  UslFit usl;                   ///< strong
};

std::vector<Curve> make_curves(const std::vector<Measurement>& measurements);

/// Time of one worker against the number of parameters, over the cells.
PowerFit fit_complexity(const std::vector<Curve>& curves);

/// For people, one row per curve point.
store::Table summary_table(const std::vector<Curve>& curves);

/// One line per curve: what the laws say.
std::vector<std::string> describe_fits(const std::vector<Curve>& curves);

/// The group /scale: one row per measurement, the fits as attributes.
store::Section scale_section(const std::vector<Measurement>& measurements,
                             const std::vector<Curve>& curves);

}  // namespace mlrun::scale
