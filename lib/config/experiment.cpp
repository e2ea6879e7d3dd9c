#include "config/experiment.h"

#include <fmt/format.h>

namespace mlrun::config {

const FieldList& HoldOutSpec::fields() {
  static const FieldList list =
      FieldListOf<HoldOutSpec>("split", "Rows held out from training and search, scored once.")
          .field("test", &HoldOutSpec::test,
                 "fraction held out; 0 keeps the test files a manifest names", fraction())
          .field("shuffle", &HoldOutSpec::shuffle,
                 "choose them at random, else take the last; with TimeSeriesSplit the default is "
                 "false")
          .field("stratify", &HoldOutSpec::stratify,
                 "keep the class proportions; not with dataset.group");
  return list;
}

const FieldList& GraphSpec::fields() {
  static const FieldList list =
      FieldListOf<GraphSpec>("graph", "The rows are the nodes of one graph.")
          .field("edges", &GraphSpec::edges,
                 "file of pairs of row numbers (from 0), a weight behind them if there is one")
          .field("split", &GraphSpec::split,
                 "file of lines 'train', 'val' or 'test' and row numbers; the others have no part")
          .field("directed", &GraphSpec::directed,
                 "a pair is an edge from the first to the second only")
          .field("predict", &GraphSpec::predict,
                 "nodes: the target of each row; links: whether two rows are joined");
  return list;
}

const FieldList& WindowSpec::fields() {
  static const FieldList list =
      FieldListOf<WindowSpec>("window", "Rows that are windows of one sequence.")
          .field("look_back", &WindowSpec::look_back, "steps that the model sees", required,
                 count(2))
          .field("horizon", &WindowSpec::horizon,
                 "steps behind them that are the target; a text's are the next tokens", count())
          .field("stride", &WindowSpec::stride,
                 "steps to the next window; default: 1, of a text look_back", count());
  return list;
}

void Codec<WindowSpec>::read(const Node& node, Reader& reader, std::string_view, WindowSpec& out) {
  if (!node.is_scalar()) return WindowSpec::fields().read(&out, node, reader);
  Node map = Node::map();
  map.mark = node.mark;
  map["look_back"] = node;
  WindowSpec::fields().read(&out, map, reader);
}

Node Codec<WindowSpec>::write(const WindowSpec& value) {
  return WindowSpec::fields().write(&value);
}

const FieldList& PairsSpec::fields() {
  static const FieldList list =
      FieldListOf<PairsSpec>("pairs", "Rows that are words with the words around them.")
          .field("architecture", &PairsSpec::architecture,
                 "skip_gram: a neighbour from the word; cbow: the word from all its neighbours")
          .field("window", &PairsSpec::window,
                 "words to either side, at most; how many is drawn for each word",
                 between(1, kMostPairs))
          .field("negatives", &PairsSpec::negatives, "words drawn beside each true one",
                 between(1, kMostPairs))
          .field("subsample", &PairsSpec::subsample,
                 "share of the text above which a word is thinned out; 0: none is", fraction());
  return list;
}

const FieldList& ParallelSpec::fields() {
  static const FieldList list =
      FieldListOf<ParallelSpec>("parallel", "Rows that are sentences with their translations.")
          .field("target", &ParallelSpec::target,
                 "file whose lines are the translations of the lines of source", required)
          .field("longest", &ParallelSpec::longest, "pairs with more words on a side are left out",
                 at_least(1));
  return list;
}

const FieldList& MaskedLmSpec::fields() {
  static const FieldList list =
      FieldListOf<MaskedLmSpec>("masked_lm", "Tokens that are to be told from those around them.")
          .field("mask_selection_rate", &MaskedLmSpec::mask_selection_rate,
                 "fraction of the tokens that are", fraction())
          .field("mask_token_rate", &MaskedLmSpec::mask_token_rate,
                 "of them, fraction that is shown as <mask>", fraction())
          .field("random_token_rate", &MaskedLmSpec::random_token_rate,
                 "of them, fraction that is shown as any token; the rest as it is", fraction());
  return list;
}

const FieldList& DatasetSpec::fields() {
  static const FieldList list =
      FieldListOf<DatasetSpec>("dataset", "Where the samples come from and how they are prepared.")
          .field("source", &DatasetSpec::source, "a manifest's name, or a path")
          .field("generate", &DatasetSpec::generate, "a generator instead of a source")
          .field("format", &DatasetSpec::format, "file format; auto goes by the name")
          .field("target", &DatasetSpec::target, "target column(s): name or position")
          .field("positive", &DatasetSpec::positive,
                 "which of two classes is 1: the one that a single unit, precision, recall, f1 and "
                 "average_precision are of; default: the last by name")
          .field("features", &DatasetSpec::features, "feature columns; default: all others")
          .field("ignore", &DatasetSpec::ignore, "columns to leave out")
          .field("categorical", &DatasetSpec::categorical, "numeric columns that are classes")
          .field("group", &DatasetSpec::group,
                 "column of groups: split.test, validation_split and GroupKFold keep the rows of a "
                 "group together, other strategies of cv do not")
          .field("header", &DatasetSpec::header, "whether a CSV starts with names")
          .field("delimiter", &DatasetSpec::delimiter, "one character, 'tab' or 'space'")
          .field("missing", &DatasetSpec::missing, "texts that mean a missing value")
          .field("limit", &DatasetSpec::limit, "read at most this many rows of each file",
                 at_least(1))
          .field("graph", &DatasetSpec::graph, "edges between the rows")
          .field("window", &DatasetSpec::window,
                 "rows are windows of a table in the order of time, or of a text")
          .field("pairs", &DatasetSpec::pairs, "rows are words with the words around them")
          .field("parallel", &DatasetSpec::parallel,
                 "rows are lines of a text with their translations")
          .field("masked_lm", &DatasetSpec::masked_lm,
                 "the target of a document are tokens that are hidden in it")
          .field("tokens", &DatasetSpec::tokens,
                 "what texts and documents are cut into; default: characters")
          .field("length", &DatasetSpec::length,
                 "tokens of a document, or of each side of a pair of sentences: longer ones are "
                 "cut, shorter ones padded",
                 count())
          .field("encoding", &DatasetSpec::encoding, "of texts and documents")
          .field("shape", &DatasetSpec::shape, "shape of one sample", count())
          .field("rescale", &DatasetSpec::rescale, "factor on every feature, before all else")
          .field("standardize", &DatasetSpec::standardize,
                 "to zero mean and unit variance of the training rows")
          .field("min_max", &DatasetSpec::min_max, "to [0, 1] over the training rows")
          .field("standardize_target", &DatasetSpec::standardize_target,
                 "what the loss sees of the target; metrics and predictions keep its unit")
          .field("one_hot", &DatasetSpec::one_hot, "text columns become one column per class")
          .field("impute", &DatasetSpec::impute, "what stands in for missing values")
          .field("normalize", &DatasetSpec::normalize,
                 "every sample to norm 1, at last: sum of absolutes, Euclidean, largest")
          .field("split", &DatasetSpec::split, "the held-out test rows");
  return list;
}

const FieldList& EarlyStoppingSpec::fields() {
  static const FieldList list =
      FieldListOf<EarlyStoppingSpec>("early_stopping",
                                     "Stop when a quantity has stopped improving.")
          .field("monitor", &EarlyStoppingSpec::monitor,
                 "a column of the history; for one of validation a tenth of the training rows is "
                 "kept unless validation_split says how many")
          .field("min_delta", &EarlyStoppingSpec::min_delta, "least change that counts",
                 at_least(0))
          .field("patience", &EarlyStoppingSpec::patience, "epochs without improvement",
                 at_least(0))
          .field("mode", &EarlyStoppingSpec::mode, "whether less or more is better")
          .field("baseline", &EarlyStoppingSpec::baseline, "value that must be beaten")
          .field("restore_best_weights", &EarlyStoppingSpec::restore_best_weights,
                 "end with the weights of the best epoch")
          .field("start_from_epoch", &EarlyStoppingSpec::start_from_epoch, "epochs not watched",
                 at_least(0));
  return list;
}

const FieldList& PlateauSpec::fields() {
  static const FieldList list =
      FieldListOf<PlateauSpec>("reduce_lr_on_plateau",
                               "Lower the learning rate when a quantity has stopped improving.")
          .field("monitor", &PlateauSpec::monitor,
                 "a column of the history; for one of validation as in early_stopping")
          .field("factor", &PlateauSpec::factor, "what the learning rate is multiplied by",
                 fraction())
          .field("patience", &PlateauSpec::patience, "epochs without improvement", at_least(0))
          .field("mode", &PlateauSpec::mode, "whether less or more is better")
          .field("min_delta", &PlateauSpec::min_delta, "least change that counts", at_least(0))
          .field("cooldown", &PlateauSpec::cooldown, "epochs after a change that are not counted",
                 at_least(0))
          .field("min_lr", &PlateauSpec::min_lr, "least learning rate", at_least(0));
  return list;
}

const FieldList& OutputSpec::fields() {
  static const FieldList list =
      FieldListOf<OutputSpec>("output", "A further output of the model, by the name of its layer.")
          .field("loss", &OutputSpec::loss, "what is minimised", required)
          .field("target", &OutputSpec::target,
                 "what it is compared with: what the last layer is, or the sample itself")
          .field("columns", &OutputSpec::columns,
                 "or these columns of the table, which are then no features")
          .field("weight", &OutputSpec::weight, "of its loss in the sum", at_least(0))
          .field("metrics", &OutputSpec::metrics, "what is reported besides its loss")
          .field("standardize_target", &OutputSpec::standardize_target,
                 "scale what it is compared with for the loss, values only");
  return list;
}

const FieldList& LossScaleSpec::fields() {
  static const FieldList list =
      FieldListOf<LossScaleSpec>("loss_scale", "Keeps small gradients from vanishing in float16.")
          .field("initial_scale", &LossScaleSpec::initial_scale, "factor at the start",
                 between(1, 1e30))
          .field("dynamic", &LossScaleSpec::dynamic,
                 "double it from time to time, halve it where a gradient is not finite")
          .field("dynamic_growth_steps", &LossScaleSpec::dynamic_growth_steps,
                 "steps with finite gradients until it is doubled", between(1, 1e7));
  return list;
}

const FieldList& TrainSpec::fields() {
  static const FieldList list =
      FieldListOf<TrainSpec>("train", "How one model is trained.")
          .field("loss", &TrainSpec::loss, "what is minimised", required)
          .field("optimizer", &TrainSpec::optimizer, "how it is minimised", required)
          .field("target", &TrainSpec::target,
                 "what the output is compared with; input: the sample itself, for autoencoders")
          .field("reduction", &TrainSpec::reduction, "of a sample's loss, over its outputs")
          .field("batch_size", &TrainSpec::batch_size, "samples per step", count())
          .field("epochs", &TrainSpec::epochs, "passes over the training rows", at_least(1))
          .field("metrics", &TrainSpec::metrics, "what is reported besides the loss")
          .field("outputs", &TrainSpec::outputs, "further outputs of the model, each with its loss")
          .field("validation_split", &TrainSpec::validation_split,
                 "fraction of the training rows kept for validation, if the source has no part for "
                 "it: drawn at random, of windows and with TimeSeriesSplit the last",
                 fraction())
          .field("early_stopping", &TrainSpec::early_stopping, "when to stop before the end")
          .field("reduce_lr_on_plateau", &TrainSpec::reduce_lr_on_plateau,
                 "when to lower the learning rate")
          .field("class_weight", &TrainSpec::class_weight,
                 "weight of each class in the loss of the last layer")
          .field("shuffle", &TrainSpec::shuffle, "new order of the rows every epoch")
          .field("precision", &TrainSpec::precision,
                 "of the matrix products of dense layers; all add up in float32")
          .field("loss_scale", &TrainSpec::loss_scale,
                 "factor on the loss while gradients are computed; float16 has it by default")
          .field("checkpoint_every", &TrainSpec::checkpoint_every,
                 "epochs between checkpoints; 0: none", at_least(0))
          .field("initial_weights", &TrainSpec::initial_weights,
                 "model.h5 of another run: its weights are the start of the layers named alike");
  return list;
}

const FieldList& CvSpec::fields() {
  static const FieldList list =
      FieldListOf<CvSpec>("cv", "Cross-validation.")
          .field("n_splits", &CvSpec::n_splits, "number of folds", at_least(2))
          .field("strategy", &CvSpec::strategy, "how rows are dealt to folds")
          .field("stratify", &CvSpec::stratify, "KFold that keeps the class proportions")
          .field("shuffle", &CvSpec::shuffle, "deal the rows in random order")
          .field("n_repeats", &CvSpec::n_repeats, "repeat with other folds and seeds", count());
  return list;
}

const FieldList& ExperimentSpec::fields() {
  static const FieldList list =
      FieldListOf<ExperimentSpec>("experiment", "One experiment file.")
          .field("name", &ExperimentSpec::name, "name; default: the file's")
          .field("seed", &ExperimentSpec::seed, "root of every random number", at_least(0))
          .field("dataset", &ExperimentSpec::dataset, "the samples", required)
          .field("model", &ExperimentSpec::model, "the layers, first to last", required)
          .field("train", &ExperimentSpec::train, "the training", required)
          .field("cv", &ExperimentSpec::cv, "cross-validation")
          .field("param_grid", &ExperimentSpec::param_grid, "settings to search over")
          .field("scoring", &ExperimentSpec::scoring,
                 "what ranks the cells; default: the first metric, else the loss")
          .field("refit", &ExperimentSpec::refit,
                 "train the best cell on all training rows, but for those of validation_split")
          .field("threads", &ExperimentSpec::threads, "threads of one training", count())
          .field("predictions", &ExperimentSpec::predictions,
                 "whose out-of-fold predictions are stored");
  return list;
}

void Codec<ColumnChoice>::read(const Node& node, Reader& reader, std::string_view field,
                               ColumnChoice& out) {
  if (node.is_sequence()) {
    out.all = false;
    return Codec<std::vector<std::string>>::read(node, reader, field, out.columns);
  }
  const auto value = node.is_scalar() && !node.quoted ? parse_bool(node.scalar) : std::nullopt;
  if (!value) return wrong_type(node, reader, field, "true, false or a list of columns");
  out = {*value, {}};
}

Node Codec<ColumnChoice>::write(const ColumnChoice& value) {
  if (value.columns.empty()) return Codec<bool>::write(value.all);
  return Codec<std::vector<std::string>>::write(value.columns);
}

void Codec<ClassWeight>::read(const Node& node, Reader& reader, std::string_view field,
                              ClassWeight& out) {
  if (node.is_scalar() && node.scalar == "balanced") {
    out = {true, {}};
    return;
  }
  if (!node.is_map()) return wrong_type(node, reader, field, "'balanced' or a map of weights");
  out.balanced = false;
  Codec<std::map<std::string, double>>::read(node, reader, field, out.weights);
  for (const Entry& entry : node.entries) {
    if (out.weights[entry.key] < 0) {
      reader.error(entry.value.mark, fmt::format("{}.{} must be at least 0, not {}", field,
                                                 entry.key, entry.value.scalar));
    }
  }
}

Node Codec<ClassWeight>::write(const ClassWeight& value) {
  if (value.balanced) return Node::of("balanced");
  return Codec<std::map<std::string, double>>::write(value.weights);
}

void Codec<OutputSpecs>::read(const Node& node, Reader& reader, std::string_view field,
                              OutputSpecs& out) {
  if (!node.is_map()) return wrong_type(node, reader, field, "a map of layers to their losses");
  for (const Entry& entry : node.entries) {
    OutputSpec output;
    output.mark = entry.key_mark;
    output.marks = KeyMarks(entry);
    OutputSpec::fields().read(&output, entry.value, reader);
    out.list.emplace_back(entry.key, std::move(output));
  }
}

Node Codec<OutputSpecs>::write(const OutputSpecs& value) {
  if (value.empty()) return {};
  Node node = Node::map();
  for (const auto& [name, output] : value.list) node[name] = OutputSpec::fields().write(&output);
  return node;
}

namespace {

void read_grid(const Node& node, Reader& reader, ParamGrid& out) {
  if (!node.is_map()) {
    reader.error(node.mark,
                 fmt::format("a grid must be a map of paths to lists, not {}", node.describe()));
    return;
  }
  Grid grid;
  for (const Entry& entry : node.entries) {
    if (!entry.value.is_sequence() || entry.value.items.empty()) {
      reader.error(
          entry.value.mark,
          fmt::format("param_grid '{}' must be a list of values, not {}", entry.key,
                      entry.value.is_sequence() ? "an empty list" : entry.value.describe()));
      continue;
    }
    grid.axes.push_back({entry.key, entry.key_mark, entry.value.items});
  }
  out.grids.push_back(std::move(grid));
}

Node write_grid(const Grid& grid) {
  Node node = Node::map();
  for (const Grid::Axis& axis : grid.axes) {
    Node values = Node::sequence();
    values.items = axis.values;
    node[axis.path] = std::move(values);
  }
  return node;
}

}  // namespace

void Codec<ParamGrid>::read(const Node& node, Reader& reader, std::string_view, ParamGrid& out) {
  out.grids.clear();
  if (!node.is_sequence()) return read_grid(node, reader, out);
  for (const Node& item : node.items) read_grid(item, reader, out);
}

Node Codec<ParamGrid>::write(const ParamGrid& value) {
  if (value.grids.empty()) return {};
  if (value.grids.size() == 1) return write_grid(value.grids[0]);
  Node node = Node::sequence();
  for (const Grid& grid : value.grids) node.items.push_back(write_grid(grid));
  return node;
}

}  // namespace mlrun::config
