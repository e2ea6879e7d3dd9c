// Wall-clock time, for durations and for time stamps.
#pragma once

#include <chrono>
#include <string>

namespace mlrun {

/// Seconds since an arbitrary point, monotonic.
inline double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Counts seconds from its construction.
class Stopwatch {
 public:
  double seconds() const { return now_seconds() - start_; }
  void restart() { start_ = now_seconds(); }

 private:
  double start_ = now_seconds();
};

/// UTC, ISO 8601 with seconds: "2026-01-31T12:00:00Z".
std::string utc_timestamp();

/// "850 ms", "12.3 s", "4m05s", "2h03m".
std::string format_duration(double seconds);

}  // namespace mlrun
