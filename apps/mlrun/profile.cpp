#include "profile.h"

#include <fmt/format.h>

#include <algorithm>

#include "device/budget.h"
#include "train/fit.h"
#include "trials/fit_input.h"

namespace mlrun::app {
namespace {

using train::ProfileRow;

template <class Get>
store::Column column(const char* name, const std::vector<ProfileRow>& rows, Get get) {
  std::vector<std::decay_t<decltype(get(rows[0]))>> values;
  for (const ProfileRow& row : rows) values.push_back(get(row));
  return {name, std::move(values)};
}

double per_second(double amount, const ProfileRow& row) {
  return row.seconds > 0 ? amount / row.seconds : 0;
}

// Of the limit that the op is closer to: arithmetic, or main memory.
double share(const ProfileRow& row, const ops::Peak& peak) {
  return 100 * std::max(per_second(row.flops, row) / peak.flops_per_second,
                        per_second(row.bytes, row) / peak.bytes_per_second);
}

store::Table profile_table(const train::FitResult& result) {
  std::vector<ProfileRow> rows = result.profile;
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.seconds > b.seconds; });
  store::Table table;
  table.columns = {
      column("op", rows, [](const ProfileRow& r) { return r.op; }),
      column("calls", rows, [](const ProfileRow& r) { return r.calls; }),
      column("us_per_call", rows,
             [](const ProfileRow& r) {
               return r.calls > 0 ? 1e6 * r.seconds / static_cast<double>(r.calls) : 0;
             }),
      column("percent", rows,
             [&](const ProfileRow& r) { return 100 * r.seconds / result.fit_seconds; }),
      column("gflop_s", rows, [](const ProfileRow& r) { return 1e-9 * per_second(r.flops, r); }),
      column("gbyte_s", rows, [](const ProfileRow& r) { return 1e-9 * per_second(r.bytes, r); }),
      column("percent_of_peak", rows, [&](const ProfileRow& r) { return share(r, result.peak); }),
      column("shapes", rows, [](const ProfileRow& r) { return r.shapes; })};
  return table;
}

trials::Trial first_trial(const trials::Search& search) {
  return search.trials.empty() ? search.refit_of(0) : search.trials.front();
}

}  // namespace

void print_profile(const trials::Search& search, Format format) {
  train::FitInput input = trials::fit_input(search, first_trial(search));
  input.threads = search.threads(device::find_budget().core_count());
  input.profile = true;
  const train::FitResult result = train::fit(input);
  print_table(profile_table(result), format);
  if (!result.message.empty()) note(fmt::format("the training diverged: {}\n", result.message));
  if (format != Format::kTable) return;
  fmt::print(
      "\n{:.3f} s of training, {} threads. Peak of this machine, measured: {:.1f} GFLOP/s in "
      "matrix products of float32, {:.1f} GB/s from and to main memory (more: the operands were in "
      "cache).\n",
      result.fit_seconds, input.threads, 1e-9 * result.peak.flops_per_second,
      1e-9 * result.peak.bytes_per_second);
}

}  // namespace mlrun::app
