// What can be said of a training without its data.
#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.h"
#include "nn/adversarial.h"
#include "nn/contrastive.h"
#include "nn/layers/gan.h"
#include "nn/losses.h"
#include "optim/optimizer.h"
#include "train/check.h"
#include "train/fit.h"
#include "train/metrics.h"

namespace mlrun::train {
namespace {

using config::ExperimentSpec;

// As scikit-learn's MLP keeps back for early stopping.
constexpr double kDefaultValidation = 0.1;

using Metrics = std::vector<config::Ref<config::MetricKind>>;

void check_metrics(const Metrics& metrics, nn::TargetKind kind,
                   const config::Ref<config::LossKind>& loss, Diagnostics& diagnostics) {
  std::vector<std::string> seen;
  const bool labels = kind == nn::TargetKind::kValues && loss.as<nn::Loss>().is_multi_label();
  for (const auto& metric : metrics) {
    const std::string& name = metric.type->name;
    const bool of_each_label = labels && metric.as<Metric>().accepts(nn::TargetKind::kBinary);
    if (kind == nn::TargetKind::kNone && !metric.as<Metric>().accepts(kind)) {
      diagnostics.error(metric.mark, fmt::format("metric {} needs a target, but this training has "
                                                 "none; auc compares each row's score with its "
                                                 "class",
                                                 name));
    } else if (!metric.as<Metric>().accepts(kind) && !of_each_label) {
      const bool classes = kind != nn::TargetKind::kValues;
      diagnostics.error(metric.mark, fmt::format("metric {} needs {}, but the loss {} is for {}",
                                                 name, classes ? "values" : "classes",
                                                 loss.type->name, classes ? "classes" : "values"));
    } else if (metric.as<Metric>().needs_probabilities() && loss.as<nn::Loss>().is_of_margins()) {
      diagnostics.error(metric.mark, fmt::format("metric {} needs probabilities, but the loss {} "
                                                 "is of margins",
                                                 name, loss.type->name));
    }
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      diagnostics.error(metric.mark, fmt::format("metric {} is listed twice", name));
    }
    seen.push_back(name);
  }
}

// About a score that is not computed; its first letters are "val_" or so, then the metric.
std::string score_hint(const std::string& score, size_t metric_begin,
                       const std::vector<std::string>& known) {
  if (const auto* type = metric_catalog().find(score.substr(metric_begin))) {
    return fmt::format("; add {} to train.metrics", type->name);
  }
  const std::string guess = did_you_mean(score, known);
  return guess.empty() ? fmt::format("; there are {}", fmt::join(known, ", ")) : guess;
}

void check_target(const ExperimentSpec& spec, Diagnostics& diagnostics) {
  const auto& loss = spec.train.loss;
  const bool adversarial = dynamic_cast<const nn::AdversarialLoss*>(loss.object.get()) != nullptr;
  const nn::Gan* gan = nn::as_gan(spec.model);
  if (adversarial != (gan != nullptr)) {
    diagnostics.error(loss.mark, adversarial
                                     ? fmt::format("loss {} needs the model GAN", loss.type->name)
                                     : fmt::format("loss {} does not go with the model GAN; use "
                                                   "non_saturating or wasserstein",
                                                   loss.type->name));
    return;
  }
  if (gan && spec.train.class_weight.any()) {
    diagnostics.error(spec.train.class_weight_mark, "class_weight does not go with the model GAN");
  }
  const nn::TargetKind kind = loss.as<nn::Loss>().target_kind();
  const bool labels = kind == nn::TargetKind::kLabels;
  const bool contrastive = nn::as_contrastive(spec.train) != nullptr;
  if (contrastive && spec.train.batch_size < 2) {
    diagnostics.error(loss.mark, fmt::format("loss {} tells the samples of a batch apart: "
                                             "batch_size must be at least 2",
                                             loss.type->name));
  }
  if (spec.dataset.standardize_target && loss.as<nn::Loss>().knows_zero()) {
    diagnostics.error(loss.mark, fmt::format("loss {} needs the target as it is; leave out "
                                             "dataset.standardize_target",
                                             loss.type->name));
  }
  if (spec.train.target == config::TrainTarget::kInput && (labels || gan || contrastive)) {
    diagnostics.error(loss.mark, fmt::format("loss {} cannot compare the output with the input",
                                             loss.type->name));
  }
  if (spec.train.reduction == config::LossReduction::kSum && (labels || gan || contrastive)) {
    diagnostics.error(loss.mark, fmt::format("loss {} is no mean over outputs, so that there is "
                                             "nothing for reduction: sum",
                                             loss.type->name));
  }
}

// Of one further output.
void check_loss(const config::OutputSpec& output, Diagnostics& diagnostics) {
  const nn::TargetKind kind = output.loss.as<nn::Loss>().target_kind();
  const bool sample = output.target == config::TrainTarget::kInput;
  const auto fail = [&](const Mark& mark, const char* what) {
    diagnostics.error(mark, fmt::format("loss {} {}", output.loss.type->name, what));
  };
  if (kind == nn::TargetKind::kNone) {
    fail(output.loss.mark, "is of the whole model, not of a further output");
  } else if (sample && kind == nn::TargetKind::kLabels) {
    fail(output.loss.mark, "cannot compare the output with the input");
  } else if (sample && !output.columns.empty()) {
    fail(output.mark, "compares with the input or with columns, not with both");
  } else if (output.standardize_target && (sample || kind != nn::TargetKind::kValues)) {
    fail(output.mark, "has no target of values that standardize_target could scale");
  } else if (output.standardize_target && output.loss.as<nn::Loss>().knows_zero()) {
    fail(output.loss.mark, "needs the target as it is; leave out standardize_target");
  }
}

// Scores are found by their names.
void check_names(const ExperimentSpec& spec, Diagnostics& diagnostics) {
  std::vector<std::string> names = score_names(spec);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return;
  diagnostics.error(spec.train.outputs.list.front().second.mark,
                    fmt::format("two scores would be named '{}'; give the layer of an output "
                                "another name",
                                *twice));
}

void check_outputs(const ExperimentSpec& spec, Diagnostics& diagnostics) {
  const auto& outputs = spec.train.outputs.list;
  if (outputs.empty()) return;
  if (nn::as_gan(spec.model) || nn::as_contrastive(spec.train)) {
    diagnostics.error(
        outputs.front().second.mark,
        fmt::format("the loss {} leaves no place for further outputs", spec.train.loss.type->name));
  }
  for (const auto& [name, output] : outputs) {
    check_loss(output, diagnostics);
    check_metrics(output.metrics, target_kind(output), output.loss, diagnostics);
  }
  if (diagnostics.ok()) check_names(spec, diagnostics);
}

// A metric is called by its name, not by an alias.
std::string with_name_of_metric(const std::string& score, size_t metric_begin) {
  const config::ComponentType* type = metric_catalog().find(score.substr(metric_begin));
  return type ? score.substr(0, metric_begin) + type->name : score;
}

// `setting` watches `monitor`, which gets its name if an alias was written.
void check_monitor(ExperimentSpec& spec, const char* setting, std::string& monitor,
                   const Mark& mark, Diagnostics& diagnostics) {
  const size_t metric_begin = monitor.starts_with("val_") ? 4 : 0;
  monitor = with_name_of_metric(monitor, metric_begin);
  std::vector<std::string> known = score_names(spec);
  for (size_t i = 0, n = known.size(); i < n; ++i) known.push_back("val_" + known[i]);
  if (std::find(known.begin(), known.end(), monitor) == known.end()) {
    const std::string hint = score_hint(monitor, metric_begin, known);
    diagnostics.error(mark, fmt::format("{} cannot monitor '{}'{}", setting, monitor, hint));
    return;
  }
  std::optional<double>& validation = spec.train.validation_split;
  if (metric_begin > 0 && !validation) validation = kDefaultValidation;
}

void check_monitors(ExperimentSpec& spec, Diagnostics& diagnostics) {
  config::TrainSpec& train = spec.train;
  if (train.early_stopping) {
    check_monitor(spec, "early_stopping", train.early_stopping->monitor, train.early_stopping_mark,
                  diagnostics);
  }
  if (!train.reduce_lr_on_plateau) return;
  check_monitor(spec, "reduce_lr_on_plateau", train.reduce_lr_on_plateau->monitor,
                train.plateau_mark, diagnostics);
  if (train.optimizer.as<optim::Optimizer>().learning_rate.schedule) {
    diagnostics.error(
        train.plateau_mark,
        "reduce_lr_on_plateau needs a learning rate that is a number, not a schedule");
  }
}

// In float16 small gradients vanish if the loss is not scaled.
void fill_loss_scale(config::TrainSpec& train) {
  if (train.precision == config::Precision::kFloat16 && !train.loss_scale) {
    train.loss_scale.emplace();
  }
}

void check_class_weight(const config::TrainSpec& train, Diagnostics& diagnostics) {
  if (!train.class_weight.any()) return;
  if (train.loss.as<nn::Loss>().target_kind() != nn::TargetKind::kValues) return;
  diagnostics.error(train.class_weight_mark, fmt::format("class_weight needs classes, but the loss "
                                                         "{} is for values",
                                                         train.loss.type->name));
}

void check_scoring(ExperimentSpec& spec, Diagnostics& diagnostics) {
  const std::vector<std::string> known = score_names(spec);
  if (!spec.scoring) {
    spec.scoring = spec.train.metrics.empty() ? known[0] : known[1];
    return;
  }
  spec.scoring = with_name_of_metric(*spec.scoring, 0);
  if (std::find(known.begin(), known.end(), *spec.scoring) == known.end()) {
    diagnostics.error(spec.scoring_mark,
                      fmt::format("scoring '{}' is not computed{}", *spec.scoring,
                                  score_hint(*spec.scoring, 0, known)));
  }
}

}  // namespace

void check_training(ExperimentSpec& spec, Diagnostics& diagnostics) {
  check_target(spec, diagnostics);
  check_metrics(spec.train.metrics, nn::target_kind(spec.train), spec.train.loss, diagnostics);
  check_outputs(spec, diagnostics);
  check_monitors(spec, diagnostics);
  check_class_weight(spec.train, diagnostics);
  fill_loss_scale(spec.train);
  check_scoring(spec, diagnostics);
}

}  // namespace mlrun::train
