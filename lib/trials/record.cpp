#include "trials/record.h"

#include "store/bytes.h"

namespace mlrun::trials {

std::string_view to_string(TrialStatus status) {
  switch (status) {
    case TrialStatus::kFinished:
      return "finished";
    case TrialStatus::kDiverged:
      return "diverged";
    case TrialStatus::kFailed:
      return "failed";
    case TrialStatus::kCrashed:
      return "crashed";
    case TrialStatus::kInterrupted:
      return "interrupted";
  }
  return "unknown";
}

TrialRecord make_record(const Trial& trial, train::FitResult&& result) {
  TrialRecord record;
  record.trial = trial;
  if (result.status == train::FitStatus::kDiverged) {
    record.status = TrialStatus::kDiverged;
    record.message = std::move(result.message);
  } else if (result.status == train::FitStatus::kInterrupted) {
    record.status = TrialStatus::kInterrupted;
  }
  record.history = std::move(result.history);
  record.test = std::move(result.test);
  record.output_width = result.output_width;
  record.predictions = std::move(result.predictions);
  record.parameters = result.parameters;
  record.loss_scale = result.loss_scale;
  record.fit_seconds = result.fit_seconds;
  record.score_seconds = result.score_seconds;
  record.data_seconds = result.data_seconds;
  record.compute_seconds = result.compute_seconds;
  return record;
}

std::string to_bytes(const TrialRecord& r) {
  store::ByteWriter w;
  w.put(r.trial.id);
  w.put(r.trial.cell);
  w.put(r.trial.fold);
  w.put(r.status);
  w.put(std::string_view(r.message));
  w.put(r.attempts);
  w.put(r.worker);
  w.put(std::string_view(r.device));
  w.put(static_cast<int64_t>(r.history.size()));
  for (const train::EpochRecord& epoch : r.history) {
    w.put(epoch.epoch);
    w.put(epoch.training);
    w.put(epoch.validation);
    w.put(epoch.seconds);
  }
  w.put(r.test);
  w.put(r.output_width);
  w.put(r.predictions);
  w.put(r.parameters);
  w.put(std::vector<double>{r.fit_seconds, r.score_seconds, r.data_seconds, r.compute_seconds,
                            r.energy_joules});
  w.put(std::string_view(r.precision));
  w.put(r.loss_scale.scale);
  w.put(r.loss_scale.skipped_steps);
  return w.take();
}

TrialRecord record_from_bytes(std::string_view bytes) {
  store::ByteReader reader(bytes);
  TrialRecord r;
  r.trial.id = reader.get<int32_t>();
  r.trial.cell = reader.get<int32_t>();
  r.trial.fold = reader.get<int32_t>();
  r.status = reader.get<TrialStatus>();
  r.message = reader.get_string();
  r.attempts = reader.get<int32_t>();
  r.worker = reader.get<int32_t>();
  r.device = reader.get_string();
  r.history.resize(static_cast<size_t>(reader.get<int64_t>()));
  for (train::EpochRecord& epoch : r.history) {
    epoch.epoch = reader.get<int64_t>();
    epoch.training = reader.get_vector<double>();
    epoch.validation = reader.get_vector<double>();
    epoch.seconds = reader.get<double>();
  }
  r.test = reader.get_vector<double>();
  r.output_width = reader.get<int64_t>();
  r.predictions = reader.get_vector<float>();
  r.parameters = reader.get<int64_t>();
  const std::vector<double> costs = reader.get_vector<double>();
  if (costs.size() != 4 && costs.size() != 5) throw Error("not a trial record");
  r.fit_seconds = costs[0];
  r.score_seconds = costs[1];
  r.data_seconds = costs[2];
  r.compute_seconds = costs[3];
  if (costs.size() > 4) r.energy_joules = costs[4];
  if (!reader.at_end()) {
    r.precision = reader.get_string();
    r.loss_scale.scale = reader.get<double>();
    r.loss_scale.skipped_steps = reader.get<int64_t>();
  }
  reader.expect_end();
  return r;
}

}  // namespace mlrun::trials
