#include "scale/run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/host.h"
#include "base/sha256.h"
#include "base/tell.h"
#include "base/version.h"
#include "store/bytes.h"
#include "train/fit.h"
#include "trials/folder.h"
#include "trials/run_files.h"
#include "trials/scheduler.h"
#include "trials/seal.h"

namespace mlrun::scale {
namespace {

// Everything that decides what is measured, and where.
std::string identity_of(const trials::Search& search, const Equipment& equipment,
                        const std::vector<Point>& points) {
  std::string text = fmt::format("{}\nscale on {} with {} cores\n", search.identity, host_name(),
                                 equipment.budget.core_count());
  for (const device::Gpu& gpu : equipment.gpus) text += gpu.selector() + "\n";
  for (const Point& p : points) {
    text += fmt::format("{} {} {} {} {} {} {} {} {}\n", to_string(p.strategy), to_string(p.mode),
                        p.workers, p.threads, p.streams, p.stack, p.cell, p.tasks, p.repeat);
  }
  return sha256(text);
}

trials::FolderRequest folder_request(const trials::Search& search, const Equipment& equipment,
                                     const std::vector<Point>& points, const RunOptions& options) {
  return {options.output,         identity_of(search, equipment, points),
          search.config,          search.file,
          search.initial_weights, options.overwrite};
}

// All trainings of a stack are of one cell, on the same rows.
void check_stacks(const trials::Search& search, const std::vector<Point>& points) {
  for (const Point& point : points) {
    if (point.stack == 1) continue;
    const trials::Cell& cell = search.cells.at(static_cast<size_t>(point.cell));
    const train::FitInput input{
        .spec = cell.spec, .dataset = search.dataset, .train_rows = search.hold_out.train};
    const std::string why = train::why_not_stacked(input, input);
    if (!why.empty()) throw InputError("--over stack: the trainings cannot be stacked: " + why);
  }
}

std::string labels_of(const std::vector<device::Gpu>& gpus) {
  std::vector<std::string> labels;
  for (const device::Gpu& gpu : gpus) labels.push_back(gpu.label());
  return fmt::format("{}", fmt::join(labels, ", "));
}

std::string to_bytes(size_t index, const Measurement& m) {
  store::ByteWriter writer;
  writer.put(static_cast<uint64_t>(index));
  writer.put(m.parameters);
  writer.put(std::vector<double>{m.seconds, m.compute, m.communication, m.data, m.idle,
                                 m.samples_per_second, m.loss});
  return writer.take();
}

std::pair<size_t, Measurement> from_bytes(std::string_view bytes) {
  store::ByteReader reader(bytes);
  const auto index = static_cast<size_t>(reader.get<uint64_t>());
  Measurement m;
  m.parameters = reader.get<int64_t>();
  const std::vector<double> values = reader.get_vector<double>();
  double* const members[] = {
      &m.seconds, &m.compute, &m.communication, &m.data, &m.idle, &m.samples_per_second, &m.loss};
  if (values.size() != std::size(members)) throw Error("not a measurement");
  for (size_t i = 0; i < values.size(); ++i) *members[i] = values[i];
  reader.expect_end();
  return {index, m};
}

void tell_progress(const Measurement& m, size_t done, size_t total) {
  tell(fmt::format("{} [{}/{}] {} {} p={} cell {}: {}\n", utc_timestamp(), done, total,
                   to_string(m.point.strategy), to_string(m.point.mode), m.point.parallelism(),
                   m.point.cell, format_duration(m.seconds)));
}

class StudyRun {
 public:
  StudyRun(const trials::Search& search, const Equipment& equipment, const StudyOptions& study,
           const RunOptions& options)
      : search_(search),
        equipment_(equipment),
        options_(options),
        points_(plan_points(study)),
        seals_(options.output),
        journal_(trials::open_folder(folder_request(search, equipment, points_, options))) {
    for (const std::string& bytes : journal_.records()) {
      if (seals_.take(bytes)) continue;
      auto [index, measurement] = from_bytes(bytes);
      add(index, std::move(measurement));
    }
  }

  StudyReport go() {
    const std::filesystem::path results = options_.output / trials::kResultsName;
    const bool is_done =
        is_complete() && (journal_.is_read_only() || seals_.is_intact(trials::kResultsName));
    if (!is_done) {
      if (seals_.is_changed(trials::kResultsName)) seals_.set_aside(trials::kResultsName);
      write_file_atomically(options_.output / trials::kExperimentName, search_.config);
      measure_rest();
      journal_.check_place();
      store::write_results(results, make_results());
      seals_.seal(trials::kResultsName, journal_);
    }
    return {is_complete(), points_.size(), measurements(), results};
  }

 private:
  bool is_complete() const { return done_.size() == points_.size(); }

  void add(size_t index, Measurement measurement) {
    measurement.point = points_.at(index);
    const auto cell = static_cast<size_t>(measurement.point.cell);
    measurement.params = trials::describe_params(search_.cells.at(cell));
    done_[index] = std::move(measurement);
  }

  std::vector<Measurement> measurements() const {
    std::vector<Measurement> all;
    for (const auto& [index, measurement] : done_) all.push_back(measurement);
    return all;
  }

  void measure_rest() {
    const trials::InterruptGuard guard;
    for (size_t i = 0; i < points_.size(); ++i) {
      if (done_.contains(i)) continue;
      const std::optional<Measurement> measured = measure(search_, equipment_, points_[i]);
      if (!measured) return;
      journal_.append(to_bytes(i, *measured));
      journal_.sync();
      add(i, *measured);
      if (!options_.quiet) tell_progress(done_.at(i), done_.size(), points_.size());
    }
  }

  // Curves need all their points; an interrupted study keeps what was measured without them.
  store::ResultsFile make_results() const {
    const std::vector<Measurement> all = measurements();
    store::ResultsFile file;
    file.attributes = {{"schema", int64_t{1}},
                       {"name", search_.spec.name},
                       {"mlrun_version", version()},
                       {"git_revision", git_revision()},
                       {"command_line", options_.command_line},
                       {"seed", search_.spec.seed},
                       {"created", utc_timestamp()},
                       {"status", std::string(is_complete() ? "complete" : "partial")},
                       {"identity", journal_.identity()},
                       {"host", host_name()},
                       {"cores", int64_t{equipment_.budget.core_count()}},
                       {"gpus", labels_of(equipment_.gpus)}};
    file.texts = {{"/config", search_.config}};
    file.sections = {scale_section(all, is_complete() ? make_curves(all) : std::vector<Curve>{})};
    return file;
  }

  const trials::Search& search_;
  const Equipment& equipment_;
  const RunOptions& options_;
  std::vector<Point> points_;
  trials::Seals seals_;
  store::Journal journal_;
  std::map<size_t, Measurement> done_;  ///< by index into points_
};

}  // namespace

void check_output(const trials::Search& search, const Equipment& equipment,
                  const StudyOptions& study, const RunOptions& options) {
  trials::check_folder(folder_request(search, equipment, plan_points(study), options));
}

StudyReport run_study(const trials::Search& search, const Equipment& equipment,
                      const StudyOptions& study, const RunOptions& options) {
  check_stacks(search, plan_points(study));
  return StudyRun(search, equipment, study, options).go();
}

}  // namespace mlrun::scale
