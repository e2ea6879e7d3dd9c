// Durations as people and Slurm write them.
#pragma once

#include <optional>
#include <string_view>

namespace mlrun {

/// Seconds: "90", "90s", "15m", "15min", "1.5h", "1d", "1h30m"; and the times of Slurm, "1:30"
/// (minutes:seconds), "01:30:00", "1-12" (days-hours), "1-12:30", "1-12:30:00". Infinite for
/// Slurm's "UNLIMITED". Nothing where the text is none of these.
std::optional<double> parse_duration(std::string_view text);

}  // namespace mlrun
