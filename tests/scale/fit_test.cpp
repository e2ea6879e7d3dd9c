#include "scale/fit.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

using namespace mlrun::scale;
using doctest::Approx;

namespace {

using Points = std::vector<ScalingPoint>;

template <class Law>
Points points_on(const Law& law) {
  Points points;
  for (const double p : {1., 2., 4., 8., 16., 32., 64.}) points.push_back({p, law.at(p)});
  return points;
}

Approx nearly(double value) { return Approx(value).epsilon(1e-7); }

// Gunther, "Guerrilla Capacity Planning", ch. 5: a ray tracer on an SGI Origin 2000, in images per
// hour. Least squares of C with scipy.optimize.curve_fit: a = 0.0497973, b = 1.14344e-5.
Points ray_tracer() {
  const double processors[] = {1, 4, 8, 12, 16, 20, 24, 28, 32, 48, 64};
  const double rate[] = {20, 78, 130, 170, 190, 200, 210, 230, 260, 280, 310};
  Points points;
  for (size_t i = 0; i < std::size(rate); ++i) points.push_back({processors[i], rate[i] / rate[0]});
  return points;
}

bool all_finite(const Points& points) {
  const AmdahlFit amdahl = fit_amdahl(points);
  const GustafsonFit gustafson = fit_gustafson(points);
  const UslFit usl = fit_usl(points);
  double sum = amdahl.serial + amdahl.quality.rms + gustafson.serial + gustafson.quality.rms;
  sum += usl.contention + usl.coherency + usl.quality.rms + usl.peak().value_or(0);
  return std::isfinite(sum);
}

}  // namespace

TEST_CASE("fit: speedup, efficiency and Karp-Flatt's serial fraction") {
  CHECK(speedup(12, 3) == 4);
  CHECK(efficiency(8, 4) == 0.5);
  // Karp and Flatt: S = 1.95 on 2 workers -> 0.0256.
  CHECK(serial_fraction(2, 1.95) == Approx(0.02564).epsilon(1e-3));
  CHECK(serial_fraction(4, AmdahlFit{0.1, {}}.at(4)) == nearly(0.1));
  CHECK(serial_fraction(4, 5) < 0);
  CHECK(serial_fraction(1, 1) == 0);
}

TEST_CASE("fit: exact curves give their parameters back") {
  for (const double s : {0.0, 0.01, 0.25, 1.0}) {
    CAPTURE(s);
    const AmdahlFit amdahl = fit_amdahl(points_on(AmdahlFit{s, {}}));
    CHECK(amdahl.serial == nearly(s));
    CHECK(amdahl.quality.rms < 1e-9);
    CHECK(amdahl.quality.determined);
    const GustafsonFit gustafson = fit_gustafson(points_on(GustafsonFit{s, {}}));
    CHECK(gustafson.serial == nearly(s));
    CHECK(gustafson.quality.rms < 1e-9);
    for (const double b : {0.0, 1e-5, 0.02}) {
      const UslFit usl = fit_usl(points_on(UslFit{s, b, {}}));
      CHECK(usl.contention == nearly(s));
      CHECK(usl.coherency == nearly(b));
      CHECK(usl.quality.rms < 1e-9);
    }
  }
}

TEST_CASE("fit: known values of the laws") {
  CHECK(AmdahlFit{0.05, {}}.at(20) == nearly(10.2564103));
  CHECK(AmdahlFit{0.05, {}}.limit() == nearly(20));
  CHECK(std::isinf(AmdahlFit{}.limit()));
  CHECK(GustafsonFit{0.1, {}}.at(11) == nearly(10));
  const UslFit usl{0.02, 0.0005, {}};
  CHECK(usl.at(1) == 1);
  CHECK(usl.at(32) == nearly(32 / (1 + 0.02 * 31 + 0.0005 * 32 * 31)));
  REQUIRE(usl.peak().has_value());
  CHECK(*usl.peak() == nearly(std::sqrt(0.98 / 0.0005)));
  CHECK_FALSE(UslFit{}.peak().has_value());
  CHECK(UslFit{1.5, 0.1, {}}.peak() == 1.0);
}

TEST_CASE("fit: the ray tracer of Gunther's book") {
  const UslFit usl = fit_usl(ray_tracer());
  CHECK(usl.contention == Approx(0.0497972795).epsilon(1e-6));
  CHECK(usl.coherency == Approx(1.14344427e-5).epsilon(1e-5));
  CHECK(usl.quality.rms == Approx(0.445535045).epsilon(1e-6));
  CHECK(fit_amdahl(ray_tracer()).serial == Approx(0.050287521).epsilon(1e-6));
}

TEST_CASE("fit: parameters stay in their range") {
  const Points superlinear = {{1, 1}, {2, 2.2}, {4, 4.8}};
  CHECK(fit_amdahl(superlinear).serial == 0);
  CHECK(fit_gustafson(superlinear).serial == 0);
  CHECK(fit_usl(superlinear).contention == 0);
  CHECK(fit_usl(superlinear).coherency == 0);
  CHECK(fit_usl(superlinear).quality.rms > 0.1);
  const Points slower = {{1, 1}, {2, 0.5}, {4, 0.25}};
  CHECK(fit_amdahl(slower).serial == 1);
  CHECK(fit_gustafson(slower).serial == 1);
  // Starts linear, then drops: a at its bound, b free.
  const UslFit drop = fit_usl(Points{{1, 1}, {2, 2.1}, {4, 3.9}, {8, 5}});
  CHECK(drop.contention == 0);
  CHECK(drop.coherency > 0);
}

TEST_CASE("fit: few, repeated and unusable points") {
  CHECK(all_finite({}));
  CHECK(all_finite({{1, 1}}));
  CHECK(all_finite({{1, 1}, {1, 1.1}}));
  CHECK(all_finite({{4, 3}}));
  CHECK(all_finite({{1, 1}, {4, 3}}));
  CHECK(all_finite({{1, 1}, {2, 0}, {4, std::nan("")}, {0, 1}, {8, 1e9}}));
  CHECK_FALSE(fit_amdahl(Points{{1, 1}}).quality.determined);
  CHECK(fit_amdahl(Points{{4, 2}}).quality.determined);
  CHECK(fit_amdahl(Points{{1, 1}, {4, 2}, {4, 3}, {2, 2}}).quality.points == 2);
  CHECK(fit_amdahl(Points{{4, 2}}).serial == nearly(1.0 / 3));
  const UslFit usl = fit_usl(Points{{1, 1}, {4, 2}, {4, 2}});
  CHECK_FALSE(usl.quality.determined);
  CHECK(usl.contention == nearly(1.0 / 3));
  CHECK(usl.coherency == 0);
}

TEST_CASE("fit: power law") {
  std::vector<SizePoint> points;
  for (const double n : {10., 100., 1000.}) points.push_back({n, 0.002 * std::pow(n, 1.5)});
  PowerFit fit = fit_power(points);
  CHECK(fit.factor == nearly(0.002));
  CHECK(fit.exponent == nearly(1.5));
  CHECK(fit.r_squared == nearly(1));
  CHECK(fit.determined);
  CHECK(fit.at(100) == nearly(2));
  points.push_back({100, 4});
  points.push_back({0, 1});
  points.push_back({5, -1});
  fit = fit_power(points);
  CHECK(fit.exponent == nearly(1.5));
  CHECK(fit.r_squared > 0.9);
  CHECK(fit.r_squared < 1);
}

TEST_CASE("fit: power law of one size or none") {
  const PowerFit one = fit_power(std::vector<SizePoint>{{8, 2}, {8, 8}});
  CHECK(one.factor == nearly(4));
  CHECK(one.exponent == 0);
  CHECK(one.r_squared == 0);
  CHECK_FALSE(one.determined);
  CHECK(fit_power(std::vector<SizePoint>{{8, 0.3}, {8, 0.3}, {8, 0.3}}).r_squared == 1);
  CHECK(fit_power({}).factor == 0);
}
