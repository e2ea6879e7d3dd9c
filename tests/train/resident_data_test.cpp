#include "train/resident_data.h"

#include <doctest/doctest.h>

#include <new>

#include "device/protected_context.h"
#include "train/sample_experiment.h"

using namespace mlrun;
using test::ProtectedContext;
using test::SampleExperiment;

namespace {

train::Feed feed_of(const SampleExperiment& e, std::span<const int64_t> rows,
                    std::vector<float> class_weights = {}) {
  return {e.dataset, data::Transform::fit(e.dataset, e.spec.dataset, rows), nn::TargetKind::kBinary,
          std::move(class_weights)};
}

// Features and targets of each copy are brought.
int64_t copies_of(std::vector<const train::Feed*> feeds) {
  ProtectedContext context(1);
  const train::ResidentData data(feeds, context);
  return context.calls().uploads / (feeds[0]->weighted() ? 3 : 2);
}

}  // namespace

TEST_CASE("resident data: trials that are given the same share one copy") {
  const SampleExperiment e;  // standardized
  const std::span<const int64_t> rows = e.train_rows;
  const train::Feed one = feed_of(e, rows);
  const train::Feed same = feed_of(e, rows);
  const train::Feed other_fold = feed_of(e, rows.subspan(10));
  CHECK(copies_of({&one}) == 1);
  CHECK(copies_of({&one, &same, &one}) == 1);
  CHECK(copies_of({&one, &same, &other_fold}) == 3);
  const train::Feed weighted = feed_of(e, rows, {1, 2});
  const train::Feed weighted_otherwise = feed_of(e, rows, {1, 3});
  CHECK(copies_of({&weighted, &weighted}) == 1);
  CHECK(copies_of({&weighted, &weighted_otherwise}) == 2);
}

TEST_CASE("resident data: folds of data that nothing is learned from share one copy") {
  const SampleExperiment e({"dataset.standardize=false"});
  const std::span<const int64_t> rows = e.train_rows;
  const train::Feed one = feed_of(e, rows);
  const train::Feed other_fold = feed_of(e, rows.subspan(10));
  CHECK(copies_of({&one, &other_fold}) == 1);
}

TEST_CASE("resident data: what would leave little memory for the training does not fit") {
  const SampleExperiment e;
  const train::Feed feed = feed_of(e, e.train_rows);
  const std::vector<const train::Feed*> feeds = {&feed};
  constexpr int64_t kMiB = int64_t{1} << 20;
  ProtectedContext large(1, 513 * kMiB);
  CHECK_NOTHROW(train::ResidentData(feeds, large));
  ProtectedContext small(1, 512 * kMiB);
  CHECK_THROWS_AS(train::ResidentData(feeds, small), std::bad_alloc);
  CHECK(small.calls().uploads == 0);
}
