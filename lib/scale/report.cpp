// A study as tables: for people, and for results.h5.
#include <fmt/format.h>

#include <algorithm>

#include "scale/study.h"

namespace mlrun::scale {
namespace {

using store::Table;

// One column from a member of every row.
template <class T, class Rows, class Get>
void add(Table& table, std::string name, const Rows& rows, Get get) {
  std::vector<T> values;
  for (const auto& row : rows) values.push_back(static_cast<T>(get(row)));
  table.columns.push_back({std::move(name), std::move(values)});
}

std::string curve_name(const Curve& curve) {
  const Point& point = curve.points.front().point;
  return fmt::format("{}_{}_cell{}", to_string(point.strategy), to_string(point.mode), point.cell);
}

// "rms 0.000, 1 point": with no more points than parameters a fit meets all of them.
std::string describe(const FitQuality& quality) {
  return fmt::format("rms {:.3f}, {} point{}{}", quality.rms, quality.points,
                     quality.points == 1 ? "" : "s", quality.determined ? "" : ": too few");
}

}  // namespace

Table summary_table(const std::vector<Curve>& curves) {
  std::vector<Summary> rows;
  for (const Curve& curve : curves) {
    rows.insert(rows.end(), curve.points.begin(), curve.points.end());
  }
  using S = const Summary&;
  Table t;
  add<std::string>(t, "strategy", rows, [](S s) { return to_string(s.point.strategy); });
  add<std::string>(t, "mode", rows, [](S s) { return to_string(s.point.mode); });
  const bool varied = std::any_of(rows.begin(), rows.end(), [](S s) { return !s.params.empty(); });
  if (varied) add<std::string>(t, "params", rows, [](S s) { return s.params; });
  add<int64_t>(t, "parameters", rows, [](S s) { return s.parameters; });
  add<int64_t>(t, "workers", rows, [](S s) { return s.point.workers; });
  add<int64_t>(t, "threads", rows, [](S s) { return s.point.threads; });
  add<int64_t>(t, "streams", rows, [](S s) { return s.point.streams; });
  add<int64_t>(t, "stack", rows, [](S s) { return s.point.stack; });
  add<double>(t, "seconds", rows, [](S s) { return s.median; });
  add<double>(t, "min", rows, [](S s) { return s.least; });
  add<double>(t, "max", rows, [](S s) { return s.most; });
  add<double>(t, "speedup", rows, [](S s) { return s.speedup; });
  add<double>(t, "efficiency", rows, [](S s) { return s.efficiency; });
  add<double>(t, "serial", rows, [](S s) { return s.serial; });
  add<double>(t, "compute", rows, [](S s) { return s.compute; });
  add<double>(t, "data", rows, [](S s) { return s.data; });
  add<double>(t, "idle", rows, [](S s) { return s.idle; });
  add<double>(t, "samples/s", rows, [](S s) { return s.samples_per_second; });
  add<double>(t, "loss", rows, [](S s) { return s.loss; });
  return t;
}

std::vector<std::string> describe_fits(const std::vector<Curve>& curves) {
  std::vector<std::string> lines;
  for (const Curve& curve : curves) {
    const Summary& one = curve.points.front();
    const std::string name = fmt::format("{} {}, {}{}{} parameters", to_string(one.point.strategy),
                                         to_string(one.point.mode), one.params,
                                         one.params.empty() ? "" : ", ", one.parameters);
    if (one.point.mode == Mode::kWeak) {
      lines.push_back(fmt::format("{}: Gustafson serial fraction {:.3f} ({})", name,
                                  curve.gustafson.serial, describe(curve.gustafson.quality)));
      continue;
    }
    lines.push_back(fmt::format(
        "{}: Amdahl serial fraction {:.3f} ({}), USL contention {:.3f} coherency {:.4f} ({})", name,
        curve.amdahl.serial, describe(curve.amdahl.quality), curve.usl.contention,
        curve.usl.coherency, describe(curve.usl.quality)));
  }
  return lines;
}

store::Section scale_section(const std::vector<Measurement>& measurements,
                             const std::vector<Curve>& curves) {
  store::Section section{"/scale", {}, {}, false};
  Table& t = section.table;
  using M = const Measurement&;
  const auto& rows = measurements;
  add<std::string>(t, "strategy", rows, [](M m) { return to_string(m.point.strategy); });
  add<std::string>(t, "mode", rows, [](M m) { return to_string(m.point.mode); });
  add<int32_t>(t, "workers", rows, [](M m) { return m.point.workers; });
  add<int32_t>(t, "threads", rows, [](M m) { return m.point.threads; });
  add<int32_t>(t, "streams", rows, [](M m) { return m.point.streams; });
  add<int32_t>(t, "stack", rows, [](M m) { return m.point.stack; });
  add<int32_t>(t, "cell", rows, [](M m) { return m.point.cell; });
  add<std::string>(t, "params", rows, [](M m) { return m.params; });
  add<int64_t>(t, "parameters", rows, [](M m) { return m.parameters; });
  add<int32_t>(t, "repeat", rows, [](M m) { return m.point.repeat; });
  add<double>(t, "seconds", rows, [](M m) { return m.seconds; });
  add<double>(t, "compute_seconds", rows, [](M m) { return m.compute; });
  add<double>(t, "communication_seconds", rows, [](M m) { return m.communication; });
  add<double>(t, "data_seconds", rows, [](M m) { return m.data; });
  add<double>(t, "idle_seconds", rows, [](M m) { return m.idle; });
  add<double>(t, "samples_per_second", rows, [](M m) { return m.samples_per_second; });
  add<double>(t, "loss", rows, [](M m) { return m.loss; });
  for (const Curve& curve : curves) {
    const std::string name = curve_name(curve);
    auto& a = section.attributes;
    const bool weak = curve.points.front().point.mode == Mode::kWeak;
    const FitQuality& quality = weak ? curve.gustafson.quality : curve.amdahl.quality;
    a.emplace_back(name + "_points", int64_t{quality.points});
    if (weak) {
      a.emplace_back(name + "_gustafson_serial", curve.gustafson.serial);
      a.emplace_back(name + "_gustafson_rms", curve.gustafson.quality.rms);
    } else {
      a.emplace_back(name + "_amdahl_serial", curve.amdahl.serial);
      a.emplace_back(name + "_amdahl_rms", curve.amdahl.quality.rms);
      a.emplace_back(name + "_usl_contention", curve.usl.contention);
      a.emplace_back(name + "_usl_coherency", curve.usl.coherency);
      a.emplace_back(name + "_usl_rms", curve.usl.quality.rms);
    }
  }
  if (!curves.empty() && fit_complexity(curves).determined) {
    const PowerFit power = fit_complexity(curves);
    section.attributes.emplace_back("power_factor", power.factor);
    section.attributes.emplace_back("power_exponent", power.exponent);
    section.attributes.emplace_back("power_r_squared", power.r_squared);
  }
  return section;
}

}  // namespace mlrun::scale
