// Features that are no rows of the table that they are looked up in.
#include <doctest/doctest.h>

#include <fstream>

#include "base/error.h"
#include "store/model_file.h"
#include "train/experiment_file.h"
#include "train/predict.h"

using namespace mlrun;
using test::changed;

namespace {

constexpr const char* kLookups = R"(
name: e
dataset: {source: ./a.csv, target: y}
model:
  - Slice: {begin: 1, axis: -1}
  - Embedding: {input_dim: 4, output_dim: 2}
  - Flatten
  - Dense: {units: 1, activation: sigmoid}
train: {loss: binary_crossentropy, optimizer: Adam, epochs: 1}
)";

// `third` is a row, as text.
void write_indices(const ScratchFolder& folder, const char* third) {
  std::ofstream(folder / "a.csv") << "x,t1,t2,y\n0.5,0,3,a\n9,1,2,b\n" << third << "\n-1,2,2,b\n";
}

std::string refused_rows(const std::string& yaml, const char* third) {
  const ScratchFolder folder;
  write_indices(folder, third);
  try {
    test::prepare(folder, yaml);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

void check_refused_rows(const std::string& yaml, const char* third, const std::string& why) {
  CAPTURE(yaml);
  CHECK(refused_rows(yaml, third).find(why) != std::string::npos);
}

}  // namespace

TEST_CASE("indices: features outside of an embedding's table are refused before the training") {
  CHECK(refused_rows(kLookups, "0.1,0,0,a") == "");
  check_refused_rows(kLookups, "0.1,0,4,a",
                     "error: row 2 (from 0): token 4, but layer 'embedding' has rows 0 to 3");
  check_refused_rows(kLookups, "0.1,-1,0,a", "row 2 (from 0): token -1, but");
  check_refused_rows(kLookups, "0.1,0,1.5,a", "row 2 (from 0): 1.5 is no whole number, but");
  check_refused_rows(changed(kLookups, "target: y", "target: y, standardize: true"), "0.1,0,1,a",
                     "is no whole number");
  // All features of a row, in another shape.
  check_refused_rows(changed(kLookups, "Slice: {begin: 1, axis: -1}", "Reshape: [3, 1]"),
                     "0.1,0,1,a", "row 0 (from 0): 0.5 is no whole number");
  check_refused_rows(changed(kLookups, "Embedding: {input_dim: 4, output_dim: 2}",
                             "Transformer: {vocabulary: 2, width: 2, heads: 1}"),
                     "0.1,0,1,a", "token 3, but layer 'transformer/embedding' has rows 0 to 1");
}

TEST_CASE("indices: an index that a layer computes is not looked at") {
  CHECK(refused_rows(changed(kLookups, "Embedding: ", "LayerNormalization\n  - Embedding: "),
                     "0.1,0,9,a") == "");
}

TEST_CASE("indices: neither are they predicted from") {
  const ScratchFolder folder;
  write_indices(folder, "0.1,0,0,a");
  const trials::Search known = test::prepare(folder, kLookups);
  const train::FitResult trained = fit(test::input_of(known));
  store::write_model(folder / "model.h5", trained.model);
  write_indices(folder, "0.1,7,0,a");
  trials::SearchOptions options{
      {folder / "e.yaml", {}, {}}, trials::SearchKind::kTrain, folder / "cache"};
  options.needs_target = false;
  const trials::Search search = trials::prepare_search(options);
  try {
    train::predict({.spec = search.cells[0].spec,
                    .dataset = search.dataset,
                    .train_rows = {},
                    .model = folder / "model.h5",
                    .output = folder / "p.h5",
                    .layer = ""});
    FAIL("no error");
  } catch (const InputError& error) {
    CHECK(std::string(error.what())
              .find("row 2 (from 0): token 7, but layer 'embedding' has rows 0 "
                    "to 3") != std::string::npos);
  }
}
