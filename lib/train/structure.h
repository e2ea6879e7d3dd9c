// What the data say about the shape of a model's input: samples of their own, or nodes and edges.
#pragma once

#include <span>

#include "config/experiment.h"
#include "data/dataset.h"
#include "data/transform.h"
#include "ops/sparse/aggregate.h"

namespace mlrun::train {

/// (N, ...), or (V, ...) where all rows are nodes of one graph.
Shape input_shape(const data::Dataset& dataset, const config::DatasetSpec& spec);

/// The most rows that a batch of the training holds: no more than the data do.
int64_t batch_rows(const data::Dataset& dataset, const config::TrainSpec& spec);

/// The most rows that are scored at once, whatever the batch size of the training.
int64_t most_inference_rows(const data::Dataset& dataset, const config::TrainSpec& spec);

/// How many are, where a step of the training holds `training_bytes` of values: a long sequence
/// needs much memory.
int64_t inference_rows(const data::Dataset& dataset, const config::TrainSpec& spec,
                       int64_t training_bytes);

/// Null if the data are no graphs. Of links, messages run along those of `train_rows` only: the
/// model must not see an edge that it is asked for.
ops::AdjacencyPtr make_adjacency(const data::Dataset& dataset, std::span<const int64_t> train_rows);

/// What fit_transform() would refuse whatever the rows (see data::Transform::check).
void check_transform(const data::Dataset& dataset, const config::DatasetSpec& spec);
/// The same for the sake of the rows.
void check_transform_rows(const data::Dataset& dataset, const config::DatasetSpec& spec,
                          std::span<const int64_t> train_rows);

/// Fitted on the training rows; on all nodes where rows are links, whose labels it does not see.
data::Transform fit_transform(const data::Dataset& dataset, const config::DatasetSpec& spec,
                              std::span<const int64_t> train_rows);
/// The same of a model that is kept, and meets data to come.
data::Transform fit_kept_transform(const data::Dataset& dataset, const config::DatasetSpec& spec,
                                   std::span<const int64_t> train_rows);

/// Whether these are other tokens than the model's; what either does not have is not compared.
bool are_other_tokens(std::span<const std::string> tokens,
                      std::span<const std::string> translations, const store::ModelFile& model);

/// As when the model was trained, on data that may be others: see data::Transform::load. Of
/// documents, which are fitted again to `train_rows`, the tokens must be those of the model:
/// InputError otherwise.
data::Transform trained_transform(const store::ModelFile& model, const data::Dataset& dataset,
                                  const config::DatasetSpec& spec,
                                  std::span<const int64_t> train_rows);

}  // namespace mlrun::train
