#include "train/predict.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "base/suggest.h"
#include "data/transform.h"
#include "graph/executable.h"
#include "nn/layers/gan.h"
#include "nn/layers/sampling.h"
#include "ops/fusion.h"
#include "store/derived_file.h"
#include "store/hdf5.h"
#include "store/model_file.h"
#include "train/batch.h"
#include "train/check_indices.h"
#include "train/feed.h"
#include "train/fit.h"
#include "train/fitting_rows.h"
#include "train/initial_weights.h"
#include "train/outputs.h"
#include "train/phase.h"
#include "train/structure.h"
#include "train/training_graph.h"
#include "train/variable_store.h"

namespace mlrun::train {
namespace {

using graph::kNoValue;
using graph::ValueId;

constexpr int64_t kBatchRows = 1024;
constexpr uint32_t kPredictPhase = 254;  // keeps the draws apart from those of training

// The training rows without those of the validation, where the model depends on more than its file.
std::vector<int64_t> fitted_rows(const PredictInput& input, const store::ModelFile& model) {
  if (!input.dataset.words && !input.dataset.graphs) return {};
  const FitInput trained{.spec = input.spec,
                         .dataset = input.dataset,
                         .train_rows = input.train_rows,
                         .cell = cell_of(model),
                         .fold = kRefitFold,
                         .threads = 1};
  return fitting_rows(trained).train;
}

class Predictor {
 public:
  explicit Predictor(const PredictInput& input)
      : spec_(input.spec),
        given_(input.dataset),
        model_(store::read_model(input.model)),
        data_(as_trained(given_, model_)),
        options_(input),
        backend_(input.backend(input.threads)),
        context_(*backend_.context),
        fitted_rows_(fitted_rows(input, model_)),
        feed_(data_, trained_transform(model_, given_, spec_.dataset, fitted_rows_),
              feed_kind(spec_), {},
              PhiloxStream(static_cast<uint64_t>(spec_.seed), Purpose::kWords, 0, kRefitFold),
              further_targets(spec_, data_, model_)),
        batch_(std::array<const Feed*, 1>{&feed_}, kBatchRows, context_),
        random_state_(context_.allocate(sizeof(std::array<uint32_t, 4>))) {
    build();
    load();
  }

  std::vector<WrittenArray> run() {
    const bool made = options_.samples > 0;
    const Shape& shape = executable_->graph().shape(wanted_);
    const bool at_nodes = !shape.has_batch();  // of one graph: all in one run
    const int64_t rows = made ? options_.samples : at_nodes ? shape[0] : data_.rows;
    const int64_t width = shape.elements(1) / (at_nodes ? rows : 1);
    const int64_t step = at_nodes ? rows : kBatchRows;
    std::vector<float> values(static_cast<size_t>(rows * width));
    for (int64_t at = 0; at < rows; at += step) {
      const int64_t count = std::min(step, rows - at);
      fill(at, at_nodes ? 1 : count, made);
      const std::array<uint32_t, 4> random =
          random_state(stream(), static_cast<uint64_t>(at / kBatchRows), kPredictPhase);
      context_.upload(random_state_.get(), random.data(), sizeof random);
      executable_->run(at_nodes ? 1 : count);
      context_.download(values.data() + at * width, executable_->tensor(wanted_).data,
                        count * width * size_of(DType::kFloat32));
    }
    if (!made && options_.layer.empty()) feed_.restore(values, width);
    const std::vector<Part> parts = split(values, rows, made);
    write(parts, rows, made);
    return {parts.begin(), parts.end()};
  }

 private:
  struct Part : WrittenArray {
    std::vector<float> values;
  };

  // Scores of further outputs stand behind those of the last layer, in the same rows.
  std::vector<Part> split(const std::vector<float>& values, int64_t rows, bool made) const {
    const Shape whole = executable_->graph().shape(wanted_).with_batch(rows);
    if (made || !options_.layer.empty() || feed_.further().empty()) {
      return {{{name(), whole}, values}};
    }
    const int64_t width = whole[1];
    const std::vector<Output> outputs = further_outputs(spec_, data_);
    int64_t end = width - total_width(outputs);
    std::vector<Part> parts = {{{name(), Shape{rows, end}}, columns(values, width, 0, end)}};
    for (const Output& output : outputs) {
      parts.push_back({{name() + "_" + output.name, Shape{rows, output.width}},
                       columns(values, width, end, end + output.width)});
      end += output.width;
    }
    return parts;
  }

  static std::vector<float> columns(const std::vector<float>& values, int64_t width, int64_t begin,
                                    int64_t end) {
    std::vector<float> part;
    for (auto row = values.begin(); row != values.end(); row += width) {
      part.insert(part.end(), row + begin, row + end);
    }
    return part;
  }

  bool conditional() const {
    const nn::Gan* gan = nn::as_gan(spec_.model);
    return gan && gan->conditional;
  }

  PhiloxStream stream() const {
    return {static_cast<uint64_t>(spec_.seed), Purpose::kDropout, 0, kRefitFold};
  }

  std::string name() const {
    if (options_.samples > 0) return "sample";
    std::string name = options_.layer.empty() ? "score" : options_.layer;
    std::replace(name.begin(), name.end(), '/', '_');
    return name;
  }

  void build() {
    const GraphSetup setup{.spec = &spec_,
                           .dataset = &data_,
                           .input = input_shape(data_, spec_.dataset),
                           .adjacency = make_adjacency(data_, fitted_rows_),
                           .prior = options_.samples > 0};
    graph_ = build_inference(setup);
    if (options_.samples == 0) {
      check_features();
    } else {
      check_generates();
    }
    wanted_ = choose();
    const std::vector<ValueId> keep = {wanted_};
    graph_.graph.prune(keep);
    ops::fuse(graph_.graph, keep);
    executable_ = std::make_unique<graph::Executable>(std::move(graph_.graph), keep, kBatchRows,
                                                      *backend_.kernels, context_);
    batch_.bind(*executable_, graph_.inputs);
    if (graph_.inputs.random_state != kNoValue) {
      executable_->bind(graph_.inputs.random_state, random_state_.get());
    }
  }

  void check_features() const {
    Diagnostics diagnostics;
    check_indices(find_lookups(graph_.graph, graph_.inputs.features, graph_.summary), data_,
                  feed_.transform(), diagnostics);
    diagnostics.throw_if_any();
  }

  void check_generates() const {
    const auto draws_code = [](const nn::LayerSummary& layer) {
      return layer.type == nn::Sampling::fields().name();
    };
    if (nn::as_gan(spec_.model)) return;
    if (std::any_of(graph_.summary.begin(), graph_.summary.end(), draws_code)) return;
    throw InputError(
        "only a GAN or a variational autoencoder (a model with a Sampling layer) makes samples");
  }

  ValueId choose() const {
    if (options_.samples > 0) return graph_.output;
    if (options_.layer.empty()) return graph_.prediction;
    std::vector<std::string> known;
    for (const auto& [layer, value] : graph_.layers) {
      if (layer == options_.layer) return value;
      known.push_back(layer);
    }
    std::string hint = did_you_mean(options_.layer, known);
    if (hint.empty()) hint = fmt::format("; there are {}", fmt::join(known, ", "));
    throw InputError(fmt::format("the model has no layer '{}'{}", options_.layer, hint));
  }

  void load() {
    std::vector<const store::NamedArray*> arrays;
    for (const nn::Variable& variable : graph_.variables) {
      const store::NamedArray* found = find_weight(model_, variable.name);
      if (!found || !has_shape(*found, variable.shape)) {
        throw Error(fmt::format("'{}' does not hold '{}' {}", options_.model.string(),
                                variable.name, variable.shape.to_string()));
      }
      weights_.add(variable.name, variable.shape);
      arrays.push_back(found);
    }
    weights_.allocate(context_);
    for (size_t i = 0; i < arrays.size(); ++i) {
      weights_.write(i, arrays[i]->values);
      executable_->bind(graph_.variables[i].value, weights_.data(i));
    }
  }

  // Samples are made of noise, and of the classes in turn.
  void fill(int64_t at, int64_t count, bool made) {
    if (made) {
      const auto classes = std::max<int64_t>(static_cast<int64_t>(data_.class_names.size()), 1);
      std::vector<int32_t> labels;
      for (int64_t i = 0; conditional() && i < count; ++i) {
        labels.push_back(static_cast<int32_t>((at + i) % classes));
      }
      return batch_.put_labels(labels);
    }
    std::vector<int64_t> rows(static_cast<size_t>(count));
    std::iota(rows.begin(), rows.end(), at);
    batch_.fill(rows);
  }

  void write(const std::vector<Part>& parts, int64_t rows, bool made) const {
    if (options_.output.has_parent_path()) {
      std::filesystem::create_directories(options_.output.parent_path());
    }
    store::File::write_beside_others(options_.output, [&](store::File& file) {
      const auto [name, value] = store::derived_mark();
      file.set_attribute(name, value);
      for (const Part& part : parts) {
        const std::span<const int64_t> dims = part.shape.dims();
        file.write<float>(part.name, {dims.begin(), dims.end()}, part.values);
      }
      if ((made && !conditional()) || (!made && rows != given_.rows) || given_.labels_are_words()) {
        return;
      }
      if (made || given_.is_classification()) {
        const int64_t steps = made ? 1 : given_.label_width;
        const store::Extent extent = steps == 1 ? store::Extent{rows} : store::Extent{rows, steps};
        file.write_strings("label", extent, labels(rows * steps, made));
      } else if (given_.values) {
        const int64_t width = given_.target_width();
        const store::Extent extent = width == 1 ? store::Extent{rows} : store::Extent{rows, width};
        file.write<float>("target", extent, {given_.values, static_cast<size_t>(rows * width)});
      }
    });
  }

  std::vector<std::string> labels(int64_t count, bool made) const {
    std::vector<std::string> all;
    const std::vector<std::string>& names = made ? data_.class_names : given_.class_names;
    const auto classes = static_cast<int64_t>(names.size());
    for (int64_t i = 0; i < count; ++i) {
      const int64_t label = made ? i % classes : given_.classes[i];
      all.push_back(names[static_cast<size_t>(label)]);
    }
    return all;
  }

  const config::ExperimentSpec& spec_;
  const data::Dataset& given_;
  const store::ModelFile model_;
  const data::Dataset data_;  ///< as the model knows it
  const PredictInput& options_;
  graph::Backend backend_;
  device::Context& context_;
  std::vector<int64_t> fitted_rows_;
  Feed feed_;
  Batch batch_;
  device::Memory random_state_;
  InferenceGraph graph_;
  ValueId wanted_ = kNoValue;
  std::unique_ptr<graph::Executable> executable_;
  VariableStore weights_;
};

}  // namespace

std::vector<WrittenArray> predict(const PredictInput& input) { return Predictor(input).run(); }

}  // namespace mlrun::train
