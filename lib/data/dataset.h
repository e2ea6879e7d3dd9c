// A data set in memory: a table of samples mapped read-only from a cache file, or generated.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mlrun::data {

class Dictionary;
class MaskedTokens;
class Tokens;
class NegativeTable;

/// One feature column (or, for images and other dense blocks, one element of the sample). A value
/// is `origin` + what is stored: float32 keeps so the differences of numbers that lie far from
/// zero, such as times. An origin is itself a float32; that of texts and of most numbers is 0.
struct Column {
  std::string name;
  std::vector<std::string> classes;  ///< of a text column: the value is an index into it
  int64_t missing = 0;               ///< rows without a value
  double origin = 0;

  bool categorical() const { return !classes.empty(); }
};

/// How the features lie in memory.
enum class Storage : uint32_t { kFloat32 = 1, kUint8 = 2 };

/// Rows that are windows of one sequence, in its order. They are split by position, and rows that
/// overlap with the test rows are left out of the training.
struct Windows {
  int64_t channels = 1;          ///< features of one step
  int64_t gap = 0;               ///< rows before a row whose values reach into its targets
  int64_t reach = 0;             ///< rows after a row that see its targets
  std::vector<float> tail = {};  ///< of a series: its steps behind the targets of the last row
};

/// What a source means a row for.
enum class Part : uint8_t { kTrain, kValidation, kTest, kNone };

class Dataset;

/// From node to node, both numbered over all graphs.
struct Edge {
  int32_t from = 0;
  int32_t to = 0;
  float weight = 1;
};

/// Nodes and edges behind the rows. An edge stands once or more for each direction that it has.
struct Graphs {
  enum class Rows { kNodes, kGraphs, kLinks };
  Rows rows = Rows::kNodes;
  std::vector<int64_t> first_node;  ///< of each graph, and the end of the last
  std::vector<Edge> edges;          ///< of kLinks: without those that are rows
  bool directed = false;
  std::vector<std::array<int32_t, 2>> links;  ///< of kLinks: the nodes of each row
  std::shared_ptr<const Dataset> nodes;       ///< of kLinks: their features

  int64_t node_count() const { return first_node.back(); }
};

/// Immutable. `width()` features a row, row-major; missing values are NaN (float32 only).
/// Targets are float32 values or, when `class_names` is not empty, int32 classes: one a row, or a
/// sequence of `label_width`.
/// Safe to read from any thread; forked processes share the pages.
class Dataset {
 public:
  int64_t rows = 0;
  std::vector<Column> columns;  ///< width() of them
  Storage storage = Storage::kFloat32;
  const void* features = nullptr;  ///< rows x width(), less the origins of the columns
  std::vector<std::string> target_names;
  const float* values = nullptr;     ///< rows x target_names.size(); null if classes
  const int32_t* classes = nullptr;  ///< rows x label_width; null if values
  int64_t label_width = 1;
  std::vector<std::string> class_names;
  const int32_t* groups = nullptr;  ///< rows, or null
  int64_t test_begin = -1;          ///< rows from here on are the source's own test part; or -1
  std::vector<Part> parts;          ///< of each row, or empty: then the test part is test_begin's
  std::optional<Windows> windows;
  /// Of documents: a feature is the number of a word plus 1, or 0 behind the end. Which token a
  /// word becomes is learned from the training rows, see Transform.
  std::shared_ptr<const Dictionary> words;
  /// Of parallel text: the words of the last label_width features, which are the translation.
  std::shared_ptr<const Dictionary> target_words;
  std::shared_ptr<const MaskedTokens> masked;  ///< which tokens of a document are the labels
  std::shared_ptr<const Tokens> tokens;        ///< how a text was cut; null if it was none
  int64_t token_count = 0;  ///< features are tokens with numbers below it; 0: they are none
  std::vector<std::string> token_names;            ///< of tokens known before any training
  std::shared_ptr<const NegativeTable> negatives;  ///< what the last features are drawn from
  std::shared_ptr<const Graphs> graphs;            ///< what the rows are in, or null
  /// What further outputs of a model are compared with, by name: the same rows without features.
  std::map<std::string, std::shared_ptr<const Dataset>> outputs;
  std::vector<int64_t> shape;  ///< of one sample; its product is width()
  std::string name;
  std::string sha256;                 ///< of the source file(s), or of the generator's text
  std::shared_ptr<const void> owner;  ///< keeps the memory alive

  int64_t width() const { return static_cast<int64_t>(columns.size()); }
  bool is_classification() const { return classes != nullptr; }
  bool has_label_sequences() const { return classes != nullptr && label_width > 1; }
  /// Labels are words as the features are, and become tokens that are learned from the training
  /// rows; class_names are only as many as there may be.
  bool labels_are_words() const { return words != nullptr && has_label_sequences(); }
  int64_t target_width() const { return static_cast<int64_t>(target_names.size()); }

  /// Where the features are: of links in the table of the nodes, else here.
  const Dataset& table() const { return graphs && graphs->nodes ? *graphs->nodes : *this; }

  /// All features are seen at once, and a row only says which node or link counts.
  bool is_one_graph() const { return graphs && graphs->rows != Graphs::Rows::kGraphs; }

  /// Element (row, column) as float, whatever the storage, without its column's origin.
  float stored(int64_t row, int64_t column) const;

  /// The value itself, rounded to float.
  float feature(int64_t row, int64_t column) const;
};

}  // namespace mlrun::data
