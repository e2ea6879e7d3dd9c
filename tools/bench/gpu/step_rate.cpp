// Trains an experiment on the first GPU and says how long its steps take:
//
//   step_rate EXPERIMENT.yaml [--stack K] [--trainings N] [--idle]
//
// --stack K        K trainings of other seeds as one
// --trainings N    one after the other (or N stacks), after one that is not counted
// --idle           how long the GPU waits between steps
//
// Prints one JSON object: `steps` of an epoch; `wall_us`, an epoch over its steps, everything
// included; `step_us`, from the first step to the last, on the GPU's clock; both medians of the
// epochs after the second, which is the last that records launches. `busy_us` (--idle): step_us
// when the GPU may begin only after all steps of the epoch are queued; such epochs and others take
// turns. `fit_seconds`: whole trainings, each from nothing to its weights; `trainings`, how many
// they were. `memory_bytes` of the GPU; `loss` of the last epoch.
#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "base/clock.h"
#include "base/error.h"
#include "measure.h"
#include "ops/cuda_kernels.h"
#include "timed_context.h"
#include "train/fit.h"
#include "trials/search.h"

namespace {

using namespace mlrun;
using namespace mlrun::bench;

constexpr int64_t kRecordingEpochs = 2;
constexpr double kMicro = 1e6;

struct Arguments {
  std::string experiment;
  int stack = 1;
  int trainings = 1;
  bool idle = false;
};

Arguments parse(int argc, char** argv) {
  Arguments args;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto number = [&] { return i + 1 < argc ? std::max(1, std::atoi(argv[++i])) : 1; };
    if (word == "--stack") {
      args.stack = number();
    } else if (word == "--trainings") {
      args.trainings = number();
    } else if (word == "--idle") {
      args.idle = true;
    } else if (args.experiment.empty() && !word.starts_with("-")) {
      args.experiment = word;
    } else {
      throw InputError(fmt::format("step_rate cannot use '{}'", word));
    }
  }
  if (args.experiment.empty()) throw InputError("step_rate needs an experiment");
  return args;
}

int64_t free_bytes() {
  size_t free = 0;
  size_t total = 0;
  MLRUN_CUDA_CHECK(cudaMemGetInfo(&free, &total));
  return static_cast<int64_t>(free);
}

// JSON has no NaN.
std::string number(double x) { return std::isfinite(x) ? fmt::format("{:.6g}", x) : "null"; }

class Bench {
 public:
  Bench(const Arguments& args, const trials::Search& search) : args_(args), search_(search) {}

  void train() {
    std::vector<train::FitInput> inputs;
    for (int i = 0; i < args_.stack; ++i) inputs.push_back(input(static_cast<uint32_t>(i)));
    std::vector<train::FitHooks> hooks(inputs.size());
    hooks[0].on_epoch = [&](const train::EpochRecord& epoch) { observe(epoch); };
    const Stopwatch watch;
    std::vector<train::FitResult> results(inputs.size());
    train::fit_all(inputs, hooks, [&](size_t number, train::FitResult&& result) {
      results[number] = std::move(result);
    });
    fit_seconds_ += watch.seconds();
    for (const train::FitResult& result : results) {
      if (result.status != train::FitStatus::kFinished) throw Error("a training diverged");
    }
    loss_ = results[0].history.back().training[0];
  }

  // What a process pays once: CUDA, its module, its libraries.
  void warm_up() {
    MLRUN_CUDA_CHECK(cudaFree(nullptr));
    free_ = least_free_ = free_bytes();
    train();
    wall_.clear(), step_.clear(), busy_.clear();
    fit_seconds_ = 0;
  }

  void print() const {
    fmt::print(
        "{{\"steps\": {}, \"wall_us\": {}, \"step_us\": {}, \"busy_us\": {}, \"fit_seconds\": {}, "
        "\"trainings\": {}, \"memory_bytes\": {}, \"loss\": {}}}\n",
        steps_, number(median(wall_)), number(median(step_)), number(median(busy_)),
        number(fit_seconds_), args_.trainings * args_.stack, free_ - least_free_, number(loss_));
  }

 private:
  train::FitInput input(uint32_t fold) {
    return {.spec = search_.cells.front().spec,
            .dataset = search_.dataset,
            .train_rows = search_.hold_out.train,
            .test_rows = {},
            .fold = fold,
            .checkpoint = {},
            .backend = [this](int /*threads*/) {
              auto context = std::make_unique<TimedContext>(0);
              context_ = context.get();
              return graph::Backend{&ops::cuda_kernels(), std::move(context), true};
            }};
  }

  void observe(const train::EpochRecord& epoch) {
    least_free_ = std::min(least_free_, free_bytes());
    steps_ = context_->steps();
    const double per_step = kMicro / static_cast<double>(steps_);
    const bool gated = args_.idle && epoch.epoch % 2 == 1;
    if (epoch.epoch >= kRecordingEpochs) {
      (gated ? busy_ : step_).push_back(context_->seconds() * per_step);
      if (!gated) wall_.push_back(epoch.seconds * per_step);
    }
    context_->set_gated(args_.idle && !gated);
  }

  const Arguments& args_;
  const trials::Search& search_;
  TimedContext* context_ = nullptr;
  int64_t steps_ = 0;
  int64_t free_ = 0;
  int64_t least_free_ = 0;
  double fit_seconds_ = 0;
  double loss_ = 0;
  std::vector<double> wall_, step_, busy_;  ///< microseconds a step, by epoch
};

void run(int argc, char** argv) {
  const Arguments args = parse(argc, argv);
  const trials::Search search =
      trials::prepare_search({{args.experiment, {}, {}}, trials::SearchKind::kTrain, {}});
  Bench bench(args, search);
  bench.warm_up();
  for (int i = 0; i < args.trainings; ++i) bench.train();
  bench.print();
}

}  // namespace

int main(int argc, char** argv) { return run_program("step_rate", run, argc, argv); }
