// Graphs from files and generators: nodes in a table, many graphs in TU files, links.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "data/split.h"
#include "data_folder.h"

namespace mlrun::data {
namespace {

constexpr const char* kNodes = "a,b,class\n1,0,x\n0,1,y\n2,2,x\n0,0,y\n1,1,x\n";

config::DatasetSpec nodes_spec(const DataFolder& folder, const std::string& edges) {
  folder.write("edges.txt", edges);
  config::DatasetSpec spec;
  spec.target = {"class"};
  spec.graph.emplace();
  spec.graph->edges = "edges.txt";
  return spec;
}

std::vector<std::vector<float>> rows_of(const std::vector<Edge>& edges) {
  std::vector<std::vector<float>> rows;
  for (const Edge& e : edges) {
    rows.push_back({static_cast<float>(e.from), static_cast<float>(e.to), e.weight});
  }
  return rows;
}

using Matrix = std::vector<std::vector<float>>;

void write_tu(const DataFolder& folder) {
  folder.write("DS_A.txt", "1, 2\n2, 1\n3, 4\n4, 3\n4, 5\n5, 4\n");
  folder.write("DS_graph_indicator.txt", "1\n1\n2\n2\n2\n3\n");
  folder.write("DS_graph_labels.txt", "1\n-1\n1\n");
}

config::DatasetSpec tu_spec() {
  config::DatasetSpec spec;
  spec.source = "./DS_A.txt";
  return spec;
}

std::vector<float> features(const Dataset& dataset, int64_t row) {
  std::vector<float> all;
  for (int64_t c = 0; c < dataset.width(); ++c) all.push_back(dataset.feature(row, c));
  return all;
}

}  // namespace

TEST_CASE("graphs: the rows of a table and a file of edges") {
  const DataFolder folder;
  config::DatasetSpec spec = nodes_spec(folder, "# from to\n0 1\n1,2 0.5\n\n% end\n3\t0\r\n");
  const Dataset both = folder.open_csv(kNodes, spec, true);
  REQUIRE(both.is_one_graph());
  CHECK(both.rows == 5);
  CHECK(both.width() == 2);
  CHECK(both.graphs->node_count() == 5);
  CHECK(rows_of(both.graphs->edges) ==
        Matrix{{0, 1, 1}, {1, 2, 0.5}, {3, 0, 1}, {1, 0, 1}, {2, 1, 0.5}, {0, 3, 1}});
  spec.graph->directed = true;
  const Dataset one = folder.open_csv(kNodes, spec, true);
  CHECK(rows_of(one.graphs->edges) == Matrix{{0, 1, 1}, {1, 2, 0.5}, {3, 0, 1}});
  folder.write("edges.txt", "0 1\n");
  CHECK(folder.open_csv(kNodes, spec, true).sha256 != one.sha256);
}

TEST_CASE("graphs: a file says which rows train, validate and test") {
  const DataFolder folder;
  config::DatasetSpec spec = nodes_spec(folder, "0 1\n");
  folder.write("split.txt", "train 4 0\nval 2\ntest 3\n");
  spec.graph->split = "split.txt";
  const Dataset dataset = folder.open_csv(kNodes, spec, true);
  CHECK(dataset.parts ==
        std::vector<Part>{Part::kTrain, Part::kNone, Part::kValidation, Part::kTest, Part::kTrain});
  const Split split = hold_out(dataset, spec.split, 1);
  CHECK(split.train == std::vector<int64_t>{0, 4});
  CHECK(split.test == std::vector<int64_t>{3});
  spec.split.test = 0.4;
  CHECK(hold_out(dataset, spec.split, 1).train.size() == 3);  // of all rows
}

TEST_CASE("graphs: TU files become rows of padded nodes") {
  const DataFolder folder;
  write_tu(folder);
  const Dataset bare = open_dataset(tu_spec(), folder.options(true));
  CHECK(bare.rows == 3);
  CHECK(bare.shape == std::vector<int64_t>{3, 1});
  CHECK(bare.class_names == std::vector<std::string>{"-1", "1"});
  CHECK(std::vector<int32_t>(bare.classes, bare.classes + 3) == std::vector<int32_t>{1, 0, 1});
  CHECK(bare.graphs->first_node == std::vector<int64_t>{0, 2, 5, 6});
  CHECK(!bare.is_one_graph());
  CHECK(features(bare, 0) == std::vector<float>{1, 1, 0});
  folder.write("DS_node_labels.txt", "7\n3\n3\n3\n7\n3\n");
  folder.write("DS_node_attributes.txt", "0.5\n1.5\n2.5\n3.5\n4.5\n5.5\n");
  const Dataset dataset = open_dataset(tu_spec(), folder.options(true));
  CHECK(dataset.shape == std::vector<int64_t>{3, 3});
  CHECK(dataset.columns[3].name == "label 3[1]");
  CHECK(features(dataset, 0) == std::vector<float>{0, 1, 0.5, 1, 0, 1.5, 0, 0, 0});
  CHECK(features(dataset, 2) == std::vector<float>{1, 0, 5.5, 0, 0, 0, 0, 0, 0});
  config::DatasetSpec some = tu_spec();
  some.limit = 2;
  const Dataset two = open_dataset(some, folder.options(true));
  CHECK(two.rows == 2);
  CHECK(two.graphs->edges.size() == 2 * 6);
}

TEST_CASE("graphs: numbers as targets of TU files") {
  const DataFolder folder;
  write_tu(folder);
  const Dataset labels = open_dataset(tu_spec(), folder.options());
  CHECK(std::vector<float>(labels.values, labels.values + 3) == std::vector<float>{1, -1, 1});
  folder.write("DS_graph_attributes.txt", "0.5, 1\n2, 3\n4, 5\n");
  const Dataset attributes = open_dataset(tu_spec(), folder.options());
  CHECK(attributes.target_width() == 2);
  CHECK(attributes.values[3] == 3);
}

TEST_CASE("graphs: links are the edges and as many pairs that are none") {
  const DataFolder folder;
  config::DatasetSpec spec = nodes_spec(folder, "0 1\n1 0\n3 2\n");
  spec.graph->predict = config::GraphRows::kLinks;
  const Dataset dataset = folder.open_csv(kNodes, spec, true);
  CHECK(dataset.rows == 4);
  CHECK(dataset.is_one_graph());
  CHECK(dataset.table().rows == 5);
  CHECK(dataset.class_names == std::vector<std::string>{"no", "yes"});
  CHECK(dataset.graphs->edges.empty());
  std::set<std::array<int32_t, 2>> links(dataset.graphs->links.begin(),
                                         dataset.graphs->links.end());
  CHECK(links.size() == 4);
  for (size_t row = 0; row < 4; ++row) {
    const auto [from, to] = dataset.graphs->links[row];
    CHECK(from < to);
    const bool edge = (from == 0 && to == 1) || (from == 2 && to == 3);
    CHECK(dataset.classes[row] == (edge ? 1 : 0));
  }
}

TEST_CASE("graphs: Cora and MUTAG as they are published") {
  const char* shared = std::getenv("MLRUN_SHARED_DATA");
  if (!shared) {
    MESSAGE("skipped: MLRUN_SHARED_DATA is not set");
    return;
  }
  const DataFolder folder;
  config::DatasetSpec cora;
  cora.source = "$MLRUN_SHARED_DATA/cora/cora.content.gz";
  cora.target = {"-1"};
  cora.ignore = {"0"};
  cora.graph.emplace();
  cora.graph->edges = "cora.edges";
  cora.graph->split = "cora.split";
  const Dataset papers = open_dataset(cora, folder.options(true));
  CHECK(papers.rows == 2708);
  CHECK(papers.width() == 1433);
  CHECK(papers.graphs->edges.size() == 2 * 5278);
  const Split split = hold_out(papers, cora.split, 1);
  CHECK(split.train.size() == 140);
  CHECK(split.test.size() == 1000);
  config::DatasetSpec mutag;
  mutag.source = "$MLRUN_SHARED_DATA/mutag/MUTAG_A.txt";
  const Dataset compounds = open_dataset(mutag, folder.options(true));
  CHECK(compounds.rows == 188);
  CHECK(compounds.shape == std::vector<int64_t>{28, 7});
  CHECK(compounds.graphs->node_count() == 3371);
  CHECK(std::count(compounds.classes, compounds.classes + 188, 1) == 125);
}

}  // namespace mlrun::data
