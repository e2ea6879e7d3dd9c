#include "train/inference.h"

#include <algorithm>
#include <array>
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

// Adds up what is given for each sample.
class Inference::Sums {
 public:
  explicit Sums(size_t terms) { sums_.terms.assign(terms, 0); }

  /// `counts`: what each loss is a mean over; empty: one each.
  void add(std::span<const float> losses, std::span<const float> counts) {
    rows_ += losses.size();
    sums_.loss += counts.empty() ? sum_of(losses) : sum_of_products(losses, counts);
    counts_ += counts.empty() ? static_cast<double>(losses.size()) : sum_of(counts);
  }
  void add_term(size_t term, std::span<const float> values) { sums_.terms[term] += sum_of(values); }

  Losses means() const {
    const double none = std::numeric_limits<double>::quiet_NaN();
    Losses means = sums_;
    means.loss = rows_ == 0 ? none : means.loss / counts_;
    for (double& term : means.terms) term = rows_ == 0 ? none : term / static_cast<double>(rows_);
    return means;
  }

 private:
  Losses sums_;
  double counts_ = 0;
  size_t rows_ = 0;
};

Inference::Inference(const GraphSetup& setup, RowSource& rows, const VariableStore& memory,
                     int64_t batch_size, const graph::Backend& backend)
    : rows_(rows),
      context_(*backend.context),
      batch_size_(batch_size),
      most_at_once_(batch_size * kMostBatches) {
  InferenceGraph inference = build_inference(setup);
  inputs_ = inference.inputs;
  losses_ = inference.losses;
  counts_ = inference.counts;
  prediction_ = inference.prediction;
  terms_ = inference.terms;
  output_width_ = inference.graph.shape(prediction_).sample_elements();
  std::vector<ValueId> keep = {losses_, prediction_};
  if (counts_ != kNoValue) keep.push_back(counts_);
  keep.insert(keep.end(), terms_.begin(), terms_.end());
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
  std::vector<Sums> sums(trials.size(), Sums(terms_.size()));
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
    sums.add(values(losses_), counts_ == kNoValue ? std::span<const float>() : values(counts_));
    for (size_t i = 0; i < terms_.size(); ++i) sums.add_term(i, values(terms_[i]));
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

// Of each row it keeps: the loss, the terms, then count and prediction where they are wanted.
std::unique_ptr<DeviceScoring> Inference::make_pass(int64_t rows) {
  ScoredGraph scored{executable_.get(), inputs_, {losses_}};
  scored.values.insert(scored.values.end(), terms_.begin(), terms_.end());
  if (counts_ != kNoValue) scored.values.push_back(counts_);
  if (pass_predicts_) scored.values.push_back(prediction_);
  return std::make_unique<DeviceScoring>(rows_.pass(batch_size_, rows), scored);
}

void Inference::fetch(size_t trial, const ScoredRows& part, Sums& sums) {
  if (part.rows.empty()) return;
  std::vector<float> losses(part.rows.size());
  std::vector<float> others(part.rows.size());
  size_t value = 0;
  pass_->download(value++, trial, losses);
  for (size_t i = 0; i < terms_.size(); ++i) {
    pass_->download(value++, trial, others);
    sums.add_term(i, others);
  }
  if (counts_ != kNoValue) pass_->download(value++, trial, others);
  sums.add(losses, counts_ == kNoValue ? std::span<const float>() : others);
  if (part.predictions.empty()) return;
  pass_->download(value, trial, part.predictions);
  rows_.feeds()[trial]->restore(part.predictions, output_width_);
}

}  // namespace mlrun::train
