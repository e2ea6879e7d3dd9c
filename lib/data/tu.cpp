#include "data/tu.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "data/graph.h"
#include "data/graph_rows.h"
#include "data/number_lines.h"
#include "data/provenance.h"
#include "data/refuse.h"
#include "data/text_error.h"

namespace mlrun::data {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kAny = std::numeric_limits<int32_t>::max();

class TuFiles {
 public:
  explicit TuFiles(const Source& source) : source_(source), edges_(source.train.front().path) {
    const std::string name = edges_.filename().string();
    constexpr std::string_view kEnding = "_A.txt";
    if (!name.ends_with(kEnding)) {
      throw file_error(edges_, "the edges of the TU format are in a file named ..._A.txt");
    }
    prefix_ = name.substr(0, name.size() - kEnding.size());
  }

  Dataset open() {
    read_indicator();
    read_edges();
    read_node_labels();
    read_attributes();
    read_targets();
    rows_.name = prefix_;
    rows_.sha256 = provenance_.sha256();
    return make_graph_rows(std::move(rows_));
  }

 private:
  fs::path path(const char* part) const {
    return edges_.parent_path() / (prefix_ + "_" + part + ".txt");
  }

  int64_t nodes() const { return static_cast<int64_t>(graph_of_.size()); }
  int64_t graphs() const { return static_cast<int64_t>(rows_.first_node.size()) - 1; }

  void read(const fs::path& file, const std::function<void(const NumberLine&)>& work) {
    if (!fs::is_regular_file(file)) {
      refuse(source_.spec, fmt::format("no such file: '{}'", file.string()));
    }
    const bool named = file == edges_;
    provenance_.add({file, named ? source_.train.front().sha256 : ""},
                    read_number_lines(file, work));
  }

  // One line for each of `count` nodes or graphs.
  void read_each(const fs::path& file, int64_t count, const char* what,
                 const std::function<void(const NumberLine&)>& work) {
    int64_t lines = 0;
    read(file, [&](const NumberLine& line) {
      if (++lines > count) line.fail(0, fmt::format("there are only {} {}", count, what));
      work(line);
    });
    if (lines < count) {
      throw file_error(file, fmt::format("there are {} {}, but {} line{}", count, what, lines,
                                         lines == 1 ? "" : "s"));
    }
  }

  void read_indicator() {
    const int64_t limit = source_.spec.limit.value_or(kAny);
    rows_.first_node = {0};
    int64_t last = 1;
    read(path("graph_indicator"), [&](const NumberLine& line) {
      const int64_t graph = line.whole(0, last, last + 1, "the graph of a node");
      all_nodes_ += 1;
      all_graphs_ = graph;
      if (graph > limit) return;
      if (graph > last) rows_.first_node.push_back(nodes());
      last = graph;
      graph_of_.push_back(static_cast<int32_t>(graph - 1));
    });
    if (graph_of_.empty()) throw file_error(path("graph_indicator"), "the file holds no nodes");
    rows_.first_node.push_back(nodes());
  }

  void read_edges() {
    read(edges_, [&](const NumberLine& line) {
      if (line.size() > 2) line.fail(2, "an edge is two nodes");
      const int64_t from = line.whole(0, 1, all_nodes_, "a node") - 1;
      const int64_t to = line.whole(1, 1, all_nodes_, "a node") - 1;
      if (from >= nodes() || to >= nodes()) return;
      if (graph_of_[static_cast<size_t>(from)] != graph_of_[static_cast<size_t>(to)]) {
        line.fail(0, fmt::format("the nodes {} and {} are of different graphs", from + 1, to + 1));
      }
      rows_.edges.push_back({static_cast<int32_t>(from), static_cast<int32_t>(to), 1});
    });
  }

  // One-hot over the labels that occur.
  void read_node_labels() {
    if (!fs::exists(path("node_labels"))) return;
    std::vector<int64_t> labels;
    std::map<int64_t, size_t> code;
    read_each(path("node_labels"), all_nodes_, "nodes", [&](const NumberLine& line) {
      const int64_t label = line.whole(0, -kAny, kAny, "the label of a node");
      if (static_cast<int64_t>(labels.size()) == nodes()) return;
      labels.push_back(label);
      code[label] = 0;
    });
    for (auto& [label, number] : code) {
      number = rows_.feature_names.size();
      rows_.feature_names.push_back(fmt::format("label {}", label));
    }
    rows_.features.resize(labels.size());
    for (size_t node = 0; node < labels.size(); ++node) {
      rows_.features[node].assign(code.size(), 0);
      rows_.features[node][code.at(labels[node])] = 1;
    }
  }

  void read_attributes() {
    if (!fs::exists(path("node_attributes"))) return;
    size_t width = 0;
    size_t node = 0;
    rows_.features.resize(graph_of_.size());
    read_each(path("node_attributes"), all_nodes_, "nodes", [&](const NumberLine& line) {
      if (width == 0) width = line.size();
      if (line.size() != width) {
        line.fail(std::min(width, line.size()),
                  fmt::format("the first node has {} attributes, this one {}", width, line.size()));
      }
      if (node == graph_of_.size()) return;
      for (size_t i = 0; i < width; ++i) {
        rows_.features[node].push_back(line.real(i, "an attribute of a node"));
      }
      ++node;
    });
    for (size_t i = 0; i < width; ++i) {
      rows_.feature_names.push_back(fmt::format("attribute {}", i));
    }
  }

  void read_targets() {
    const bool numbers = fs::exists(path("graph_attributes"));
    if (!source_.classify && numbers) {
      size_t width = 0;
      return read_each(path("graph_attributes"), all_graphs_, "graphs",
                       [&](const NumberLine& line) {
                         if (width == 0) width = line.size();
                         if (line.size() != width)
                           line.fail(width, "as many numbers as for the first graph");
                         if (static_cast<int64_t>(rows_.values.size() / width) == graphs()) return;
                         for (size_t i = 0; i < width; ++i)
                           rows_.values.push_back(line.real(i, "a target"));
                       });
    }
    std::vector<int64_t> labels;
    std::map<int64_t, int32_t> code;
    read_each(path("graph_labels"), all_graphs_, "graphs", [&](const NumberLine& line) {
      const int64_t label = line.whole(0, -kAny, kAny, "the class of a graph");
      if (static_cast<int64_t>(labels.size()) == graphs()) return;
      labels.push_back(label);
      code[label] = 0;
    });
    for (auto& [label, number] : code) {
      number = static_cast<int32_t>(rows_.class_names.size());
      rows_.class_names.push_back(std::to_string(label));
    }
    for (const int64_t label : labels) {
      if (source_.classify) rows_.classes.push_back(code.at(label));
      if (!source_.classify) rows_.values.push_back(static_cast<float>(label));
    }
    if (!source_.classify) rows_.class_names.clear();
  }

  const Source& source_;
  fs::path edges_;
  std::string prefix_;
  Provenance provenance_;
  std::vector<int32_t> graph_of_;  ///< of the nodes that are kept
  int64_t all_nodes_ = 0;          ///< also those beyond the limit
  int64_t all_graphs_ = 0;
  GraphRows rows_;
};

}  // namespace

Dataset open_tu(const Source& source) {
  const config::DatasetSpec& spec = source.spec;
  if (!spec.target.empty() || !spec.features.empty() || !spec.ignore.empty() || spec.group ||
      spec.standardize.any() || spec.min_max.any() || spec.window || !spec.shape.empty() ||
      spec.normalize != config::Normalize::kNone) {
    refuse(spec,
           "target, features, ignore, group, standardize, min_max, "
           "normalize, shape and window are of tables, not of graphs");
  }
  return TuFiles(source).open();
}

}  // namespace mlrun::data
