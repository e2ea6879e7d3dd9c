#include "data/graph.h"

#include <fmt/format.h>

#include "base/error.h"
#include "data/links.h"
#include "data/manifest.h"
#include "data/number_lines.h"
#include "data/provenance.h"
#include "data/refuse.h"

namespace mlrun::data {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const config::GraphSpec& spec, const char* field,
                       const std::string& message) {
  throw InputError(render_error(spec.marks.of(field), message));
}

// Beside the experiment, else beside the table.
fs::path find_beside(const Source& source, const OpenOptions& options, const char* field,
                     const std::string& written) {
  const config::GraphSpec& spec = *source.spec.graph;
  const fs::path name = expand_variables(written, spec.marks.of(field));
  const fs::path here = (options.base / name).lexically_normal();
  const fs::path there = (source.train.front().path.parent_path() / name).lexically_normal();
  for (const fs::path& path : {here, there}) {
    if (fs::is_regular_file(path)) return path;
  }
  fail(spec, field,
       here == there ? fmt::format("no such file: '{}'", here.string())
                     : fmt::format("no such file: '{}', nor '{}'", here.string(), there.string()));
}

std::vector<Edge> read_edges(const fs::path& file, int64_t nodes, bool directed,
                             Provenance& provenance) {
  std::vector<Edge> edges;
  std::string checksum = read_number_lines(file, [&](const NumberLine& line) {
    if (line.size() > 3) line.fail(3, "an edge is two row numbers and perhaps a weight");
    Edge edge;
    edge.from = static_cast<int32_t>(line.whole(0, 0, nodes - 1, "the first row of an edge"));
    edge.to = static_cast<int32_t>(line.whole(1, 0, nodes - 1, "the second row of an edge"));
    if (line.size() == 3) edge.weight = line.real(2, "the weight of an edge");
    if (!(edge.weight >= 0)) line.fail(2, "the weight of an edge must be at least 0");
    edges.push_back(edge);
  });
  provenance.add({file, ""}, std::move(checksum));
  return directed ? edges : both_directions(std::move(edges));
}

std::vector<Part> read_parts(const fs::path& file, int64_t nodes, Provenance& provenance) {
  std::vector<Part> parts(static_cast<size_t>(nodes), Part::kNone);
  std::string checksum = read_number_lines(file, [&](const NumberLine& line) {
    const std::string_view name = line.cell(0);
    if (name != "train" && name != "val" && name != "test") {
      line.fail(0, fmt::format("a line must begin with train, val or test, not '{}'", name));
    }
    const Part part = name == "train" ? Part::kTrain
                      : name == "val" ? Part::kValidation
                                      : Part::kTest;
    for (size_t i = 1; i < line.size(); ++i) {
      Part& of = parts[static_cast<size_t>(line.whole(i, 0, nodes - 1, "a row"))];
      if (of != Part::kNone) line.fail(i, fmt::format("row {} has a part already", line.cell(i)));
      of = part;
    }
  });
  provenance.add({file, ""}, std::move(checksum));
  return parts;
}

}  // namespace

std::vector<Edge> both_directions(std::vector<Edge> edges) {
  const size_t count = edges.size();
  edges.reserve(2 * count);
  for (size_t i = 0; i < count; ++i) edges.push_back({edges[i].to, edges[i].from, edges[i].weight});
  return edges;
}

Dataset graph_dataset(const Source& source, const OpenOptions& options) {
  const config::GraphSpec& spec = *source.spec.graph;
  const bool links = spec.predict == config::GraphRows::kLinks;
  if (!spec.edges) {
    refuse(source.spec, "graph needs edges, a file of pairs");
  }
  Source table = source;
  table.classify = source.classify && !(links && source.spec.target.empty());
  Dataset dataset = open_source(table, options);
  auto graphs = std::make_shared<Graphs>();
  graphs->first_node = {0, dataset.rows};
  graphs->directed = spec.directed;
  Provenance provenance;
  provenance.add({source.train.front().path, ""}, dataset.sha256);
  graphs->edges = read_edges(find_beside(source, options, "edges", *spec.edges), dataset.rows,
                             spec.directed, provenance);
  if (spec.split) {
    if (links) fail(spec, "split", "graph.split is of nodes, but the rows are links");
    dataset.parts =
        read_parts(find_beside(source, options, "split", *spec.split), dataset.rows, provenance);
  }
  dataset.sha256 = provenance.sha256();
  dataset.graphs = graphs;
  return links ? link_dataset(std::move(dataset), spec.marks.of("predict"), options) : dataset;
}

Dataset generated_graph(Dataset dataset, const config::GraphSpec& spec,
                        const OpenOptions& options) {
  if (!dataset.is_one_graph()) {
    fail(spec, "predict", fmt::format("{} makes no graph whose nodes are rows", dataset.name));
  }
  if (spec.edges) fail(spec, "edges", "generated graphs have edges of their own");
  if (spec.split) fail(spec, "split", "generated graphs have no parts; use dataset.split");
  if (spec.directed) fail(spec, "directed", "generated graphs have no directions");
  if (spec.predict == config::GraphRows::kNodes) return dataset;
  return link_dataset(std::move(dataset), spec.marks.of("predict"), options);
}

}  // namespace mlrun::data
