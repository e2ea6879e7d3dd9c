#include "train/inference.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <new>

#include "ops/fusion.h"
#include "train/phase.h"

namespace mlrun::train {

using graph::kNoValue;
using graph::ValueId;

namespace {

constexpr int64_t kStateBytes = sizeof(std::array<uint32_t, 4>);

// Of a pass on a device, which keeps what it finds until its end.
constexpr int64_t kMostBatches = 256;

double sum_of(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += value;
  return sum;
}

double sum_of_products(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

std::span<const float> values_of(const Tensor& tensor) {
  return {tensor.f32(), static_cast<size_t>(tensor.elements())};
}

std::span<float> rows_of(std::span<float> predictions, size_t begin, size_t count, int64_t width) {
  if (predictions.empty()) return {};
  const auto words = static_cast<size_t>(width);
  return predictions.subspan(begin * words, count * words);
}

}  // namespace

// Adds up what is given for each sample: the parts of the loss, then the terms.
class Inference::Sums {
 public:
  Sums(size_t parts, size_t all) : parts_(parts), sums_(all) {}

  /// `counts`: what each value is a mean over; empty: one each.
  void add(size_t which, std::span<const float> values, std::span<const float> counts) {
    Sum& sum = sums_[which];
    sum.value += counts.empty() ? sum_of(values) : sum_of_products(values, counts);
    sum.counts += counts.empty() ? static_cast<double>(values.size()) : sum_of(counts);
  }

  /// NaN where nothing counts.
  Losses means() const {
    Losses means;
    for (size_t i = 0; i < sums_.size(); ++i) {
      const auto& [value, counts] = sums_[i];
      const double mean = counts == 0 ? std::numeric_limits<double>::quiet_NaN() : value / counts;
      if (i < parts_) {
        means.loss += mean;
        means.finite = means.finite && std::isfinite(value);
      } else {
        means.terms.push_back(mean);
      }
    }
    return means;
  }

 private:
  struct Sum {
    double value = 0;
    double counts = 0;
  };

  size_t parts_;
  std::vector<Sum> sums_;
};

Inference::Inference(const GraphSetup& setup, RowSource& rows, const VariableStore& memory,
                     int64_t batch_size, const graph::Backend& backend)
    : rows_(rows),
      context_(*backend.context),
      batch_size_(batch_size),
      most_at_once_(batch_size * kMostBatches) {
  InferenceGraph inference = build_inference(setup);
  inputs_ = inference.inputs;
  prediction_ = inference.prediction;
  summed_ = inference.losses;
  parts_ = summed_.size();
  summed_.insert(summed_.end(), inference.terms.begin(), inference.terms.end());
  output_width_ = inference.graph.shape(prediction_).sample_elements();
  std::vector<ValueId> keep = {prediction_};
  for (const auto& [value, counted] : summed_) {
    keep.push_back(value);
    if (counted != kNoValue) keep.push_back(counted);
  }
  inference.graph.prune(keep);
  ops::fuse(inference.graph, keep);
  const auto trials = static_cast<int64_t>(rows.feeds().size());
  executable_ = std::make_unique<graph::Executable>(std::move(inference.graph), keep, batch_size,
                                                    *backend.kernels, context_,
                                                    graph::Stack{trials, backend.stacks});
  rows.batch().bind(*executable_, inputs_);
  for (size_t i = 0; i < inference.variables.size(); ++i) {
    executable_->bind(inference.variables[i].value, memory.data(i), memory.stride());
  }
  random_state_ = context_.allocate(trials * kStateBytes);
  if (inputs_.random_state != kNoValue) {
    executable_->bind(inputs_.random_state, random_state_.get(), kStateBytes);
  }
}

std::vector<Losses> Inference::score(std::span<const ScoredRows> trials,
                                     std::span<const PhiloxStream> random) {
  std::vector<Sums> sums(trials.size(), Sums(parts_, summed_.size()));
  if (!context_.memory_is_hosts()) {
    score_on_device(trials, random, sums);
  } else {
    for (size_t i = 0; i < trials.size(); ++i) {
      score_on_host(trials[i], random[i], static_cast<int64_t>(i), sums[i]);
    }
  }
  std::vector<Losses> means;
  for (const Sums& sum : sums) means.push_back(sum.means());
  return means;
}

void Inference::score_on_host(const ScoredRows& scored, const PhiloxStream& random, int64_t trial,
                              Sums& sums) {
  const auto values = [&](ValueId id) { return values_of(executable_->tensor(id, trial)); };
  const auto batch = static_cast<size_t>(batch_size_);
  for (size_t at = 0; at < scored.rows.size(); at += batch) {
    const auto part = scored.rows.subspan(at, std::min(batch, scored.rows.size() - at));
    infer(part, random, at / batch, trial);
    for (size_t i = 0; i < summed_.size(); ++i) {
      const auto& [value, counted] = summed_[i];
      sums.add(i, values(value), counted == kNoValue ? std::span<const float>() : values(counted));
    }
    if (scored.predictions.empty()) continue;
    const auto made = rows_of(scored.predictions, at, part.size(), output_width_);
    const auto from = values(prediction_);
    std::copy(from.begin(), from.end(), made.begin());
    rows_.feeds()[static_cast<size_t>(trial)]->restore(made, output_width_);
  }
}

void Inference::infer(std::span<const int64_t> rows, const PhiloxStream& random, uint64_t batch,
                      int64_t trial) {
  rows_.batch().fill(rows, 0, trial);
  const std::array<uint32_t, 4> state = random_state(random, batch, kInferencePhase);
  context_.upload(random_state_.get() + trial * kStateBytes, state.data(), kStateBytes);
  const auto count = static_cast<int64_t>(rows.size());
  if (is_stack()) {
    executable_->run_copy(trial, count);
  } else {
    executable_->run(count);
  }
}

void Inference::score_on_device(std::span<const ScoredRows> trials,
                                std::span<const PhiloxStream> random, std::vector<Sums>& sums) {
  size_t most = 0;
  bool predictions = false;
  for (const ScoredRows& trial : trials) {
    most = std::max(most, trial.rows.size());
    predictions = predictions || !trial.predictions.empty();
  }
  for (size_t at = 0; at < most; at += static_cast<size_t>(pass_->rows())) {
    prepare_pass(static_cast<int64_t>(most), predictions);
    const auto at_once = static_cast<size_t>(pass_->rows());
    std::vector<ScoredRows> parts;
    std::vector<std::span<const int64_t>> orders;
    for (const ScoredRows& trial : trials) {
      const size_t begin = std::min(at, trial.rows.size());
      const size_t count = std::min(at_once, trial.rows.size() - begin);
      orders.push_back(trial.rows.subspan(begin, count));
      parts.push_back({orders.back(), rows_of(trial.predictions, begin, count, output_width_)});
    }
    pass_->run(orders, random, static_cast<int64_t>(at) / batch_size_);
    for (size_t i = 0; i < parts.size(); ++i) fetch(i, parts[i], sums[i]);
  }
}

// For as many of the rows as there is memory for.
void Inference::prepare_pass(int64_t rows, bool predictions) {
  rows = std::min(rows, most_at_once_);
  if (pass_ && pass_->rows() >= rows && (pass_predicts_ || !predictions)) return;
  pass_.reset();  // its memory first
  pass_predicts_ = pass_predicts_ || predictions;
  while (!pass_) {
    try {
      pass_ = make_pass(rows);
    } catch (const std::bad_alloc&) {
      if (rows <= batch_size_) throw;
      rows = std::max<int64_t>(rows / 2 / batch_size_, 1) * batch_size_;
      most_at_once_ = rows;
    }
  }
}

// Of each row it keeps what is summed, each with what it counts behind it, if it does, and then the
// prediction where it is wanted.
std::unique_ptr<DeviceScoring> Inference::make_pass(int64_t rows) {
  ScoredGraph scored{executable_.get(), inputs_, {}};
  for (const auto& [value, counted] : summed_) {
    scored.values.push_back(value);
    if (counted != kNoValue) scored.values.push_back(counted);
  }
  if (pass_predicts_) scored.values.push_back(prediction_);
  return std::make_unique<DeviceScoring>(rows_.pass(batch_size_, rows), scored);
}

void Inference::fetch(size_t trial, const ScoredRows& part, Sums& sums) {
  if (part.rows.empty()) return;
  std::vector<float> values(part.rows.size());
  std::vector<float> counts(part.rows.size());
  size_t next = 0;
  for (size_t i = 0; i < summed_.size(); ++i) {
    const bool all = summed_[i].counted == kNoValue;
    pass_->download(next++, trial, values);
    if (!all) pass_->download(next++, trial, counts);
    sums.add(i, values, all ? std::span<const float>() : counts);
  }
  if (part.predictions.empty()) return;
  pass_->download(next, trial, part.predictions);
  rows_.feeds()[trial]->restore(part.predictions, output_width_);
}

}  // namespace mlrun::train
