// The experiment file as typed specs, with every default filled in.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/codec.h"

namespace mlrun::config {

struct LayerKind {
  static constexpr std::string_view kName = "layer";
};
struct LossKind {
  static constexpr std::string_view kName = "loss";
};
struct OptimizerKind {
  static constexpr std::string_view kName = "optimizer";
};
struct MetricKind {
  static constexpr std::string_view kName = "metric";
};
struct GeneratorKind {
  static constexpr std::string_view kName = "generator";
};
struct TokensKind {
  static constexpr std::string_view kName = "tokens";
};

/// `true` (all columns), `false` (none), or a list of column names.
struct ColumnChoice {
  bool all = false;
  std::vector<std::string> columns;

  bool any() const { return all || !columns.empty(); }
};

template <>
struct Codec<ColumnChoice> {
  static void read(const Node& node, Reader& reader, std::string_view field, ColumnChoice& out);
  static Node write(const ColumnChoice& value);
  static std::string type() { return "bool or list of string"; }
  static FieldForm form() { return {}; }
};

enum class FileFormat { kAuto, kCsv, kHdf5, kIdx, kCifar, kTs, kText, kDocuments, kTu };
enum class Encoding { kUtf8, kLatin1 };
enum class Header { kAuto, kPresent, kNone };
enum class Impute { kNone, kMean, kMedian, kMostFrequent };
enum class Normalize { kNone, kL1, kL2, kMax };

/// The rows that are held out from everything, once.
struct HoldOutSpec {
  double test = 0;  ///< fraction of all rows; 0: what the manifest names as test, or none
  bool shuffle = true;
  bool stratify = false;
  KeyMarks marks;
  static const FieldList& fields();
};

/// Rows that are windows of a sequence. A number alone is look_back.
struct WindowSpec {
  int64_t look_back = 0;          ///< steps, or tokens, that the model sees
  int64_t horizon = 1;            ///< steps after them that are the target; of tables
  std::optional<int64_t> stride;  ///< from one window to the next; tables: 1, text: look_back
  static const FieldList& fields();
};

template <>
struct Codec<WindowSpec> {
  static void read(const Node& node, Reader& reader, std::string_view field, WindowSpec& out);
  static Node write(const WindowSpec& value);
  static std::string type() { return "int or map"; }
  static FieldForm form() { return {FieldForm::Kind::kSpec, &WindowSpec::fields(), {}}; }
};

enum class PairArchitecture { kSkipGram, kCbow };

/// Far more words around one, or drawn beside one, than anybody learned from: each row holds them.
inline constexpr double kMostPairs = 1000;

/// Rows that are words and the words around them. Mikolov et al. 2013.
struct PairsSpec {
  PairArchitecture architecture = PairArchitecture::kSkipGram;
  int64_t window = 5;       ///< words to either side
  int64_t negatives = 5;    ///< words drawn for each true one
  double subsample = 1e-3;  ///< threshold of Mikolov et al., eq. 5; 0: keep all
  static const FieldList& fields();
};

enum class GraphRows { kNodes, kLinks };

/// Edges between the rows of a table, which are then the nodes of one graph.
struct GraphSpec {
  std::optional<std::string> edges;  ///< a file of pairs; generators make their own
  std::optional<std::string> split;  ///< a file that says which rows train, validate and test
  bool directed = false;             ///< else every pair is there in both directions
  GraphRows predict = GraphRows::kNodes;
  KeyMarks marks;
  static const FieldList& fields();
};

/// Rows that are sentences and their translations, which stand in a second file line by line.
struct ParallelSpec {
  std::string target;              ///< path of the translations
  std::optional<int64_t> longest;  ///< words of either side; longer pairs are left out
  static const FieldList& fields();
};

/// Targets that are the tokens of the document itself, some of which are hidden. KerasHub's names;
/// Devlin et al. 2019.
struct MaskedLmSpec {
  double mask_selection_rate = 0.15;
  double mask_token_rate = 0.8;    ///< of those chosen: become the token <mask>
  double random_token_rate = 0.1;  ///< of those chosen: become any token
  static const FieldList& fields();
};

/// How a table becomes features and a target. Everything up to `limit` belongs to the import and
/// decides which cache file is used; the rest is fitted per fold.
struct DatasetSpec {
  std::optional<std::string> source;
  Ref<GeneratorKind> generate;
  FileFormat format = FileFormat::kAuto;
  std::vector<std::string> target;      ///< names or positions (negative from the end)
  std::optional<std::string> positive;  ///< the class, of two, that metrics and one unit are of
  std::vector<std::string> features;    ///< empty: every column that is nothing else
  std::vector<std::string> ignore;
  std::vector<std::string> categorical;  ///< numeric columns to be read as classes
  std::optional<std::string> group;      ///< column for GroupKFold
  Header header = Header::kAuto;
  std::optional<std::string> delimiter;  ///< one character, "tab" or "space"; default: guessed
  std::vector<std::string> missing = {"", "NA", "N/A", "nan", "NaN", "NULL", "null", "?"};
  std::optional<int64_t> limit;  ///< of each file

  std::optional<GraphSpec> graph;
  std::optional<WindowSpec> window;
  std::optional<PairsSpec> pairs;
  std::optional<ParallelSpec> parallel;
  std::optional<MaskedLmSpec> masked_lm;
  Ref<TokensKind> tokens;         ///< of text and documents; default: characters
  std::optional<int64_t> length;  ///< tokens of a document
  Encoding encoding = Encoding::kUtf8;

  std::vector<int64_t> shape;  ///< of one sample; default: [number of features]
  double rescale = 1;          ///< features are multiplied by it first
  ColumnChoice standardize;
  ColumnChoice min_max;
  bool standardize_target = false;  ///< for the loss alone: predictions and metrics are as written
  bool one_hot = true;              ///< text columns become one column per class
  Impute impute = Impute::kNone;
  Normalize normalize = Normalize::kNone;
  HoldOutSpec split;
  Mark source_mark;  ///< where source or generate was written
  KeyMarks marks;
  static const FieldList& fields();
};

enum class MonitorMode { kAuto, kMin, kMax };

struct EarlyStoppingSpec {
  std::string monitor = "val_loss";
  double min_delta = 0;
  int64_t patience = 0;
  MonitorMode mode = MonitorMode::kAuto;
  std::optional<double> baseline;
  bool restore_best_weights = false;
  int64_t start_from_epoch = 0;
  static const FieldList& fields();
};

struct PlateauSpec {
  std::string monitor = "val_loss";
  double factor = 0.1;
  int64_t patience = 10;
  MonitorMode mode = MonitorMode::kAuto;
  double min_delta = 1e-4;
  int64_t cooldown = 0;
  double min_lr = 0;
  static const FieldList& fields();
};

/// "balanced", or a map from class to weight.
struct ClassWeight {
  bool balanced = false;
  std::map<std::string, double> weights;

  bool any() const { return balanced || !weights.empty(); }
};

template <>
struct Codec<ClassWeight> {
  static void read(const Node& node, Reader& reader, std::string_view field, ClassWeight& out);
  static Node write(const ClassWeight& value);
  static std::string type() { return "'balanced' or map of float"; }
  static FieldForm form() { return {FieldForm::Kind::kMap, nullptr, {}}; }
};

enum class TrainTarget { kData, kInput };
enum class LossReduction { kMean, kSum };
enum class Precision { kFloat32, kTfloat32, kBfloat16, kFloat16 };

/// The loss times a factor while gradients are computed, so that small ones do not vanish in
/// float16. With the fields of Keras' LossScaleOptimizer.
struct LossScaleSpec {
  double initial_scale = 65536;
  bool dynamic = true;
  int64_t dynamic_growth_steps = 2000;
  static const FieldList& fields();
};

/// What a further output of the model is compared with, and how.
struct OutputSpec {
  Ref<LossKind> loss;
  TrainTarget target = TrainTarget::kData;
  std::vector<std::string> columns;  ///< instead of `target`: of the table, and then no features
  double weight = 1;                 ///< of its loss in the sum
  std::vector<Ref<MetricKind>> metrics;
  bool standardize_target = false;  ///< for the loss alone
  Mark mark;                        ///< of its name
  KeyMarks marks;
  static const FieldList& fields();
};

/// Further outputs by the names of their layers, in the order of the file.
struct OutputSpecs {
  std::vector<std::pair<std::string, OutputSpec>> list;

  bool empty() const { return list.empty(); }
};

template <>
struct Codec<OutputSpecs> {
  static void read(const Node& node, Reader& reader, std::string_view field, OutputSpecs& out);
  static Node write(const OutputSpecs& value);
  static std::string type() { return "map of output"; }
  static FieldForm form() { return {FieldForm::Kind::kSpecMap, &OutputSpec::fields(), {}}; }
};

struct TrainSpec {
  Ref<LossKind> loss;
  Ref<OptimizerKind> optimizer;
  TrainTarget target = TrainTarget::kData;         ///< what the output is compared with
  LossReduction reduction = LossReduction::kMean;  ///< of a sample's loss, over its outputs
  int64_t batch_size = 32;
  int64_t epochs = 1;
  std::vector<Ref<MetricKind>> metrics;
  OutputSpecs outputs;  ///< besides the last layer, which `loss` is of
  /// Fraction of the training rows. Not set: 0.1 if it is monitored, else none.
  std::optional<double> validation_split;
  std::optional<EarlyStoppingSpec> early_stopping;
  std::optional<PlateauSpec> reduce_lr_on_plateau;
  ClassWeight class_weight;
  bool shuffle = true;
  Precision precision = Precision::kFloat32;   ///< of matrix products; all else is float32
  std::optional<LossScaleSpec> loss_scale;     ///< not set: in float16 the default, else none
  int64_t checkpoint_every = 0;                ///< epochs; 0: none
  std::optional<std::string> initial_weights;  ///< model.h5 of another run
  Mark early_stopping_mark;
  Mark plateau_mark;
  Mark validation_split_mark;
  Mark initial_weights_mark;
  Mark class_weight_mark;
  static const FieldList& fields();
};

enum class SplitStrategy { kKFold, kStratifiedKFold, kGroupKFold, kTimeSeriesSplit };

struct CvSpec {
  int64_t n_splits = 5;
  SplitStrategy strategy = SplitStrategy::kKFold;
  bool stratify = false;  ///< KFold with it is StratifiedKFold
  bool shuffle = false;
  int64_t n_repeats = 1;
  KeyMarks marks;
  static const FieldList& fields();

  SplitStrategy effective() const {
    return strategy == SplitStrategy::kKFold && stratify ? SplitStrategy::kStratifiedKFold
                                                         : strategy;
  }
};

/// One grid: paths in the order of the file, each with its candidate values.
struct Grid {
  struct Axis {
    std::string path;
    Mark mark;
    std::vector<Node> values;
  };
  std::vector<Axis> axes;
};

/// A map of lists, or a list of such maps whose cells are searched one after the other.
struct ParamGrid {
  std::vector<Grid> grids;
};

template <>
struct Codec<ParamGrid> {
  static void read(const Node& node, Reader& reader, std::string_view field, ParamGrid& out);
  static Node write(const ParamGrid& value);
  static std::string type() { return "map of lists, or list of such maps"; }
  static FieldForm form() { return {FieldForm::Kind::kMap, nullptr, {}}; }
};

enum class KeepPredictions { kBest, kAll, kNone };

struct ExperimentSpec {
  std::string name;
  int64_t seed = 0;
  DatasetSpec dataset;
  std::vector<Ref<LayerKind>> model;
  TrainSpec train;
  std::optional<CvSpec> cv;
  ParamGrid param_grid;
  std::optional<std::string> scoring;  ///< default: the first metric, else the loss
  bool refit = true;
  std::optional<int64_t> threads;  ///< of one training; default 1 in a search, all cores alone
  KeepPredictions predictions = KeepPredictions::kBest;
  Mark scoring_mark;
  static const FieldList& fields();
};

template <>
struct EnumNames<FileFormat> {
  static constexpr std::array<std::pair<FileFormat, const char*>, 9> kNames = {
      {{FileFormat::kAuto, "auto"},
       {FileFormat::kCsv, "csv"},
       {FileFormat::kHdf5, "hdf5"},
       {FileFormat::kIdx, "idx"},
       {FileFormat::kCifar, "cifar"},
       {FileFormat::kTs, "ts"},
       {FileFormat::kText, "text"},
       {FileFormat::kDocuments, "documents"},
       {FileFormat::kTu, "tu"}}};
};
template <>
struct EnumNames<Encoding> {
  static constexpr std::array<std::pair<Encoding, const char*>, 2> kNames = {
      {{Encoding::kUtf8, "utf-8"}, {Encoding::kLatin1, "latin-1"}}};
};
template <>
struct EnumNames<PairArchitecture> {
  static constexpr std::array<std::pair<PairArchitecture, const char*>, 2> kNames = {
      {{PairArchitecture::kSkipGram, "skip_gram"}, {PairArchitecture::kCbow, "cbow"}}};
};
template <>
struct EnumNames<Header> {
  static constexpr std::array<std::pair<Header, const char*>, 3> kNames = {
      {{Header::kAuto, "auto"}, {Header::kPresent, "present"}, {Header::kNone, "none"}}};
};
template <>
struct EnumNames<Impute> {
  static constexpr std::array<std::pair<Impute, const char*>, 4> kNames = {
      {{Impute::kNone, "none"},
       {Impute::kMean, "mean"},
       {Impute::kMedian, "median"},
       {Impute::kMostFrequent, "most_frequent"}}};
};
template <>
struct EnumNames<Normalize> {
  static constexpr std::array<std::pair<Normalize, const char*>, 4> kNames = {
      {{Normalize::kNone, "none"},
       {Normalize::kL1, "l1"},
       {Normalize::kL2, "l2"},
       {Normalize::kMax, "max"}}};
};
template <>
struct EnumNames<GraphRows> {
  static constexpr std::array<std::pair<GraphRows, const char*>, 2> kNames = {
      {{GraphRows::kNodes, "nodes"}, {GraphRows::kLinks, "links"}}};
};
template <>
struct EnumNames<MonitorMode> {
  static constexpr std::array<std::pair<MonitorMode, const char*>, 3> kNames = {
      {{MonitorMode::kAuto, "auto"}, {MonitorMode::kMin, "min"}, {MonitorMode::kMax, "max"}}};
};
template <>
struct EnumNames<TrainTarget> {
  static constexpr std::array<std::pair<TrainTarget, const char*>, 2> kNames = {
      {{TrainTarget::kData, "data"}, {TrainTarget::kInput, "input"}}};
};
template <>
struct EnumNames<LossReduction> {
  static constexpr std::array<std::pair<LossReduction, const char*>, 2> kNames = {
      {{LossReduction::kMean, "mean"}, {LossReduction::kSum, "sum"}}};
};
template <>
struct EnumNames<Precision> {
  static constexpr std::array<std::pair<Precision, const char*>, 6> kNames = {
      {{Precision::kFloat32, "float32"},
       {Precision::kTfloat32, "tf32"},
       {Precision::kBfloat16, "bf16"},
       {Precision::kBfloat16, "bfloat16"},
       {Precision::kFloat16, "float16"},
       {Precision::kFloat16, "fp16"}}};
};
template <>
struct EnumNames<SplitStrategy> {
  static constexpr std::array<std::pair<SplitStrategy, const char*>, 4> kNames = {
      {{SplitStrategy::kKFold, "KFold"},
       {SplitStrategy::kStratifiedKFold, "StratifiedKFold"},
       {SplitStrategy::kGroupKFold, "GroupKFold"},
       {SplitStrategy::kTimeSeriesSplit, "TimeSeriesSplit"}}};
};
template <>
struct EnumNames<KeepPredictions> {
  static constexpr std::array<std::pair<KeepPredictions, const char*>, 3> kNames = {
      {{KeepPredictions::kBest, "best"},
       {KeepPredictions::kAll, "all"},
       {KeepPredictions::kNone, "none"}}};
};

}  // namespace mlrun::config
