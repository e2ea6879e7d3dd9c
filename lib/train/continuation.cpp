#include "train/continuation.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/source.h"
#include "train/fitting_rows.h"
#include "train/gradient_learner.h"
#include "train/structure.h"

namespace mlrun::train {
namespace {

// One row that can be written to, in the place of a data set.
struct Row {
  explicit Row(const data::Dataset& from)
      : dataset(from),
        features(static_cast<size_t>(from.width())),
        values(static_cast<size_t>(from.target_width())),
        classes(static_cast<size_t>(from.label_width)) {
    dataset.rows = 1;
    dataset.features = features.data();
    if (from.values) dataset.values = values.data();
    if (from.classes) dataset.classes = classes.data();
  }

  data::Dataset dataset;
  std::vector<float> features;
  std::vector<float> values;
  std::vector<int32_t> classes;
};

void check_continued(const FitInput& input) {
  const auto& data = input.dataset;
  const auto fail = [&](const char* message) {
    throw InputError(render_error(input.spec.dataset.source_mark, message));
  };
  if (!data.windows || data.negatives) fail("only a text or a series of windows can be continued");
  if (!data.values) return;
  if (data.target_width() % data.windows->channels != 0) {
    fail(
        "the series has features besides its targets, and those of the steps to come are not "
        "known");
  }
}

}  // namespace

// As parts of the largest p: powers of p itself may all be too small for a double. 1 / temperature
// is infinite for the smallest ones.
int32_t draw(std::span<const float> p, double temperature, double uniform) {
  const auto largest = std::max_element(p.begin(), p.end());
  const double power = temperature == 0 ? INFINITY : 1 / temperature;
  if (std::isinf(power)) return static_cast<int32_t>(largest - p.begin());
  std::vector<double> sums;
  double sum = 0;
  for (const float one : p) {
    sum += std::pow(static_cast<double>(one) / static_cast<double>(*largest), power);
    sums.push_back(sum);
  }
  const auto at = std::upper_bound(sums.begin(), sums.end(), uniform * sum);
  return static_cast<int32_t>(std::min(at - sums.begin(), static_cast<long>(p.size()) - 1));
}

struct Continuation::State {
  State(const FitInput& trained_on, const store::ModelFile& model)
      : input(trained_on),
        row(input.dataset),
        kind(input.spec.train.loss.as<nn::Loss>().target_kind()),
        feed(row.dataset,
             trained_transform(model, input.dataset, input.spec.dataset, fitting_rows(input).train),
             kind, {}),
        backend(input.backend(input.threads)),
        learner(LearnerOptions{.trials = {{&input.spec, &feed}},
                               .input = input_shape(input.dataset, input.spec.dataset),
                               .adjacency = nullptr,
                               .backend = &backend,
                               .training_predictions = false,
                               .rows_change = true}) {
    learner.load(model);
    prediction.resize(static_cast<size_t>(learner.output_width()));
  }

  void predict() {
    constexpr int64_t kFirst = 0;
    learner.predict(std::span(&kFirst, 1), prediction);
  }

  FitInput input;
  Row row;
  nn::TargetKind kind;
  Feed feed;
  graph::Backend backend;
  GradientLearner learner;
  std::vector<float> prediction;
};

Continuation::Continuation(const FitInput& input, const store::ModelFile& model) {
  check_continued(input);
  state_ = std::make_unique<State>(input, model);
}

Continuation::~Continuation() = default;

std::vector<int32_t> Continuation::text(std::vector<int32_t> tokens, int64_t count,
                                        double temperature, uint64_t seed) {
  std::vector<float>& seen = state_->row.features;
  const size_t classes = state_->input.dataset.class_names.size();
  const PhiloxStream stream(seed, Purpose::kGenerate);
  const size_t start = tokens.size();
  for (int64_t i = 0; i < count; ++i) {
    // The window ends with the last token; what lies behind it in a short text is not looked at.
    const size_t known = std::min(tokens.size(), seen.size());
    std::fill(seen.begin(), seen.end(), 0.0f);
    std::copy(tokens.end() - static_cast<long>(known), tokens.end(), seen.begin());
    state_->predict();
    const std::span<const float> p(state_->prediction.data() + (known - 1) * classes, classes);
    tokens.push_back(draw(p, temperature, stream.uniform(static_cast<uint64_t>(i), 0)));
  }
  tokens.erase(tokens.begin(), tokens.begin() + static_cast<long>(start));
  return tokens;
}

std::vector<float> Continuation::series(int64_t count) {
  const data::Dataset& data = state_->input.dataset;
  const auto channels = static_cast<size_t>(data.windows->channels);
  std::vector<float>& seen = state_->row.features;
  // Behind the last row come its targets, as many steps as they are, and what a stride leaves.
  std::vector<float> steps;
  for (int64_t c = 0; c < data.width(); ++c) steps.push_back(data.feature(data.rows - 1, c));
  const float* last = data.values + (data.rows - 1) * data.target_width();
  steps.insert(steps.end(), last, last + data.target_width());
  steps.insert(steps.end(), data.windows->tail.begin(), data.windows->tail.end());
  const size_t start = steps.size();
  const size_t wanted = start + static_cast<size_t>(count) * channels;
  while (steps.size() < wanted) {
    std::copy(steps.end() - static_cast<long>(seen.size()), steps.end(), seen.begin());
    state_->predict();
    steps.insert(steps.end(), state_->prediction.begin(), state_->prediction.end());
  }
  return {steps.begin() + static_cast<long>(start), steps.begin() + static_cast<long>(wanted)};
}

}  // namespace mlrun::train
