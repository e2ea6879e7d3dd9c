#include "train/structure.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "nn/contrastive.h"

namespace mlrun::train {
namespace {

constexpr int64_t kInferenceBatch = 1024;
constexpr int64_t kInferenceBytes = int64_t{128} << 20;

// All nodes of a graph whose rows are links; else none.
std::vector<int64_t> nodes_of_links(const data::Dataset& dataset) {
  const data::Dataset& table = dataset.table();
  if (&table == &dataset) return {};
  std::vector<int64_t> nodes(static_cast<size_t>(table.rows));
  std::iota(nodes.begin(), nodes.end(), 0);
  return nodes;
}

}  // namespace

Shape input_shape(const data::Dataset& dataset, const config::DatasetSpec& spec) {
  std::vector<int64_t> dims = {dataset.is_one_graph() ? dataset.graphs->node_count() : kBatch};
  const std::vector<int64_t> sample = data::sample_shape(dataset.table(), spec);
  dims.insert(dims.end(), sample.begin(), sample.end());
  return Shape(dims);
}

int64_t batch_rows(const data::Dataset& dataset, const config::TrainSpec& spec) {
  return std::min(spec.batch_size, dataset.rows);
}

// One graph is computed as a whole, whatever rows are asked for. A contrastive loss is one among so
// many others: as many in scoring as in training.
int64_t most_inference_rows(const data::Dataset& dataset, const config::TrainSpec& spec) {
  if (dataset.is_one_graph()) return dataset.rows;
  const int64_t batch = batch_rows(dataset, spec);
  return nn::as_contrastive(spec) ? batch : std::max(batch, kInferenceBatch);
}

// That of values, since scratch memory does not grow with them for ever.
int64_t inference_rows(const data::Dataset& dataset, const config::TrainSpec& spec,
                       int64_t training_bytes) {
  const int64_t most = most_inference_rows(dataset, spec);
  if (dataset.is_one_graph()) return most;
  const int64_t batch = batch_rows(dataset, spec);
  const int64_t sample_bytes = std::max<int64_t>(training_bytes / batch, 1);
  return std::clamp(kInferenceBytes / sample_bytes, batch, most);
}

ops::AdjacencyPtr make_adjacency(const data::Dataset& dataset,
                                 std::span<const int64_t> train_rows) {
  if (!dataset.graphs) return nullptr;
  const data::Graphs& graphs = *dataset.graphs;
  std::vector<ops::Arc> arcs;
  for (const data::Edge& edge : graphs.edges) arcs.push_back({edge.from, edge.to, edge.weight});
  if (graphs.rows == data::Graphs::Rows::kLinks) {
    for (const int64_t row : train_rows) {
      if (dataset.classes[row] == 0) continue;
      const auto [from, to] = graphs.links[static_cast<size_t>(row)];
      arcs.push_back({from, to, 1});
      if (!graphs.directed) arcs.push_back({to, from, 1});
    }
  }
  return std::make_shared<ops::Adjacency>(ops::make_adjacency(graphs.first_node, arcs));
}

void check_transform(const data::Dataset& dataset, const config::DatasetSpec& spec) {
  data::Transform::check(dataset.table(), spec);
}

void check_transform_rows(const data::Dataset& dataset, const config::DatasetSpec& spec,
                          std::span<const int64_t> train_rows) {
  const std::vector<int64_t> nodes = nodes_of_links(dataset);
  data::Transform::check_rows(dataset.table(), spec, nodes.empty() ? train_rows : nodes);
}

data::Transform fit_transform(const data::Dataset& dataset, const config::DatasetSpec& spec,
                              std::span<const int64_t> train_rows) {
  const std::vector<int64_t> nodes = nodes_of_links(dataset);
  return data::Transform::fit(dataset.table(), spec, nodes.empty() ? train_rows : nodes);
}

data::Transform fit_kept_transform(const data::Dataset& dataset, const config::DatasetSpec& spec,
                                   std::span<const int64_t> train_rows) {
  const std::vector<int64_t> nodes = nodes_of_links(dataset);
  data::Transform fitted = fit_transform(dataset, spec, train_rows);
  fitted.fit_stand_ins(dataset.table(), spec, nodes.empty() ? train_rows : nodes);
  return fitted;
}

bool are_other_tokens(std::span<const std::string> tokens,
                      std::span<const std::string> translations, const store::ModelFile& model) {
  const auto differ = [](std::span<const std::string> now, const std::vector<std::string>& then) {
    return !now.empty() && !then.empty() &&
           !std::equal(now.begin(), now.end(), then.begin(), then.end());
  };
  return differ(tokens, model.vocabulary) || differ(translations, model.target_vocabulary);
}

data::Transform trained_transform(const store::ModelFile& model, const data::Dataset& dataset,
                                  const config::DatasetSpec& spec,
                                  std::span<const int64_t> train_rows) {
  if (!dataset.words) return data::Transform::load(model, dataset.table(), spec);
  data::Transform fitted = fit_transform(dataset, spec, train_rows);
  if (are_other_tokens(fitted.token_names(), fitted.target_token_names(), model)) {
    throw InputError(render_error(spec.source_mark,
                                  "the data give other tokens than the model was trained on; set "
                                  "dataset.tokens: {of_model: FILE} to its file"));
  }
  return fitted;
}

}  // namespace mlrun::train
