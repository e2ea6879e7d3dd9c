// Which class is the positive one, and labels that do not exclude each other.
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include "train/experiment_file.h"

using namespace mlrun;
using test::changed;
using test::error_of;
using test::input_of;
using test::prepare;

namespace {

constexpr int kRows = 60;

// A number, what it is most often, and three labels, the last of which is rare.
void write_events(const ScratchFolder& folder) {
  std::ofstream file(folder / "events.csv");
  file << "x,kind,low,high,odd\n";
  for (int i = 0; i < kRows; ++i) {
    const double x = (i * 37 % 61) / 30.0 - 1;
    file << x << ',' << ((x > 0.5) != (i % 9 == 0) ? "Signal" : "background") << ',' << (x < 0.2)
         << ',' << (x > -0.2) << ',' << (i % 11 == 0) << '\n';
  }
}

constexpr const char* kEvents = R"(
name: events
dataset: {source: ./events.csv, features: [x], target: kind, positive: Signal, split: {test: 0.5}}
model: [Dense: {units: 1, activation: sigmoid}]
train:
  loss: binary_crossentropy
  optimizer: {Adam: {learning_rate: 0.05}}
  epochs: 20
  metrics: [auc, f1, average_precision]
)";

constexpr const char* kLabels = R"(
name: labels
dataset: {source: ./events.csv, features: [x], target: [low, high, odd], split: {test: 0.5}}
model: [Dense: 3]
train:
  loss: {binary_crossentropy: {multi_label: true, from_logits: true}}
  optimizer: {Adam: {learning_rate: 0.05}}
  epochs: 20
  metrics: [accuracy, auc, mae]
)";

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("classes: the positive one is the last by name, or the one that is named") {
  const ScratchFolder folder;
  write_events(folder);
  const trials::Search search = prepare(folder, kEvents);
  const trials::Search by_name = prepare(folder, changed(kEvents, ", positive: Signal", ""));
  CHECK(search.dataset.class_names == std::vector<std::string>{"background", "Signal"});
  CHECK(by_name.dataset.class_names == std::vector<std::string>{"Signal", "background"});
  CHECK(search.identity != by_name.identity);
  CHECK(search.hold_out.test == by_name.hold_out.test);
  for (int64_t row = 0; row < kRows; ++row) {
    CHECK(search.dataset.classes[row] == 1 - by_name.dataset.classes[row]);
  }
  // What is named anyway changes nothing.
  const trials::Search named = prepare(folder, changed(kEvents, "Signal,", "background,"));
  CHECK(named.dataset.class_names == by_name.dataset.class_names);

  const train::FitResult result = fit(input_of(search));
  double found = 0, wrong = 0, missed = 0;
  for (size_t i = 0; i < result.predictions.size(); ++i) {
    const bool signal = search.dataset.classes[search.hold_out.test[i]] == 1;
    const bool called = result.predictions[i] > 0.5f;
    found += signal && called;
    wrong += !signal && called;
    missed += signal && !called;
  }
  CHECK(result.test.at(2) == doctest::Approx(2 * found / (2 * found + wrong + missed)));
  CHECK(result.test.at(2) > 0.5);
}

TEST_CASE("classes: a positive one that is none is refused") {
  const ScratchFolder folder;
  write_events(folder);
  CHECK(holds(error_of(folder, changed(kEvents, "Signal,", "signal,")),
              "'signal' is no class of the target; there are 'Signal' and 'background'"));
  CHECK(holds(error_of(folder, changed(kLabels, "target:", "positive: x, target:")),
              "only one of two classes can be positive, and the target has no classes"));
}

TEST_CASE("classes: labels that do not exclude each other") {
  const ScratchFolder folder;
  write_events(folder);
  const trials::Search search = prepare(folder, kLabels);
  const train::FitResult result = fit(input_of(search));
  REQUIRE(result.output_width == 3);
  const auto rows = static_cast<double>(search.hold_out.test.size());
  double right = 0, error = 0, loss = 0;
  for (size_t i = 0; i < result.predictions.size(); ++i) {
    const int64_t row = search.hold_out.test[i / 3];
    const double y = search.dataset.values[row * 3 + static_cast<int64_t>(i % 3)];
    const double p = result.predictions[i];
    right += (p > 0.5) == (y == 1);
    error += std::abs(p - y);
    loss -= y == 1 ? std::log(p) : std::log(1 - p);
  }
  CHECK(result.test.at(0) == doctest::Approx(loss / (3 * rows)).epsilon(1e-5));
  CHECK(result.test.at(1) == doctest::Approx(right / (3 * rows)));
  CHECK(result.test.at(2) > 0.6);  // of the mean over labels, one of which is noise
  CHECK(result.test.at(3) == doctest::Approx(error / (3 * rows)).epsilon(1e-5));
}

TEST_CASE("classes: what labels are not is said") {
  const ScratchFolder folder;
  write_events(folder);
  const std::string one_class = changed(changed(kLabels, "multi_label: true, ", ""), ", mae", "");
  CHECK(holds(error_of(folder, one_class), "set binary_crossentropy: {multi_label: true}"));
  CHECK(holds(error_of(folder, changed(kLabels, "[x], target: [low", "[low], target: [x")),
              "binary_crossentropy with multi_label wants targets from 0 to 1, but the data has "
              "others"));
  CHECK(holds(error_of(folder, changed(kLabels, "target:", "standardize_target: true, target:")),
              "loss binary_crossentropy needs the target as it is"));
  CHECK(holds(error_of(folder, changed(kLabels, "Dense: 3", "Dense: 2")),
              "the model must end in 3 units, one for each target column, not 2"));
  CHECK(holds(error_of(folder, changed(kLabels, "multi_label", "multi_label: true, typo")),
              "unknown key 'typo'"));
}
