#include "scale/trainer.h"

#include <algorithm>
#include <exception>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "train/fitting_rows.h"

namespace mlrun::scale {
namespace {

std::vector<int64_t> some_rows(const std::vector<int64_t>& rows, double share) {
  const auto count = static_cast<int64_t>(static_cast<double>(rows.size()) * share);
  return {rows.begin(), rows.begin() + std::max<int64_t>(count, 1)};
}

}  // namespace

Trainer::Trainer(const trials::Search& search, const Point& point,
                 const trials::Placement& placement, const trials::EngineMaker& make_engine)
    : cell_(search.cells.at(static_cast<size_t>(point.cell))),
      spec_(cell_.spec),
      dataset_(search.dataset),
      point_(point),
      rows_(some_rows(search.hold_out.train, point.row_share)),
      engine_(make_engine(placement)) {
  spec_.train.batch_size *= point.batch_factor;
  spec_.train.early_stopping.reset();  // all points are of the same epochs
}

void Trainer::warm_up() {
  config::ExperimentSpec brief = spec_;
  brief.train.epochs = 1;
  const auto few = static_cast<size_t>(brief.train.batch_size * 4);
  const auto rows = std::span<const int64_t>(rows_).first(std::min(few, rows_.size()));
  in_streams([&](int) { train_together(brief, rows, 0); });
}

Share Trainer::train(int worker) {
  std::vector<Share> shares(static_cast<size_t>(point_.streams));
  in_streams([&](int stream) {
    Share& share = shares[static_cast<size_t>(stream)];
    const int lane = worker * point_.streams + stream;
    const int step = point_.lanes() * point_.stack;
    for (int first = lane * point_.stack; first < point_.tasks; first += step) {
      train_stack(first, share);
    }
  });
  Share all;
  all.finished = now_seconds();
  for (const Share& share : shares) {
    all.compute += share.compute;
    all.data += share.data;
    all.samples += share.samples;
    all.loss += share.loss;
  }
  return all;
}

// A thread for each; one stream needs none.
void Trainer::in_streams(const Stream& work) const {
  if (point_.streams == 1) return work(0);
  std::vector<std::exception_ptr> errors(static_cast<size_t>(point_.streams));
  std::vector<std::thread> threads;
  for (int stream = 0; stream < point_.streams; ++stream) {
    threads.emplace_back([&, stream] {
      try {
        work(stream);
      } catch (...) {
        errors[static_cast<size_t>(stream)] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

// The times of each are those of all.
void Trainer::train_stack(int first, Share& share) const {
  const std::vector<train::FitResult> results = train_together(spec_, rows_, first);
  share.compute += results[0].compute_seconds;
  share.data += results[0].data_seconds;
  const size_t fitted = train::fitting_rows(input_of(spec_, rows_, first)).train.size();
  for (const train::FitResult& result : results) {
    if (result.status != train::FitStatus::kFinished) {
      throw Error("the training did not finish; a scaling curve needs one that converges");
    }
    share.samples += static_cast<double>(fitted * result.history.size());
    share.loss += result.history.back().training[0];
  }
}

train::FitInput Trainer::input_of(const config::ExperimentSpec& spec, std::span<const int64_t> rows,
                                  int task) const {
  return {.spec = spec,
          .dataset = dataset_,
          .train_rows = rows,
          .cell = 0,
          .fold = static_cast<uint32_t>(task),
          .threads = point_.threads,
          .initial_weights = cell_.initial_weights.get()};
}

// Those from `first` on; the last stack may be smaller.
std::vector<train::FitResult> Trainer::train_together(const config::ExperimentSpec& spec,
                                                      std::span<const int64_t> rows,
                                                      int first) const {
  std::vector<train::FitInput> inputs;
  for (int task = first; task < std::min(first + point_.stack, point_.tasks); ++task) {
    inputs.push_back(input_of(spec, rows, task));
  }
  std::vector<train::FitResult> results(inputs.size());
  engine_(inputs, {},
          [&](size_t number, train::FitResult&& result) { results[number] = std::move(result); });
  return results;
}

}  // namespace mlrun::scale
