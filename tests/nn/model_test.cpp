#include "nn/model.h"

#include <doctest/doctest.h>

#include "config/codec.h"
#include "nn/component.h"

using namespace mlrun;
using namespace mlrun::nn;

namespace {

struct BuiltModel {
  std::string shape;  ///< "" when there are errors
  std::string graph;
  std::vector<std::string> rows;  ///< names of the layer table
  std::string errors;
};

BuiltModel build_text(const std::string& yaml, const Shape& input) {
  const config::Catalogs catalogs = nn::testing::model_catalogs();
  Diagnostics diagnostics;
  config::Reader reader{diagnostics, catalogs};
  const auto source = std::make_shared<SourceText>("m.yaml", yaml);
  std::vector<config::Ref<config::LayerKind>> layers;
  config::Codec<decltype(layers)>::read(config::parse_yaml(source, diagnostics), reader, "model",
                                        layers);
  BuiltModel built;
  graph::Graph g;
  Builder b(g, true);
  const ValueId y = build_model(b, layers, g.input("x", {input}), {}, diagnostics);
  if (y != graph::kNoValue) built.shape = g.shape(y).to_string();
  built.graph = g.to_string();
  for (const LayerSummary& row : b.summary()) built.rows.push_back(row.name);
  try {
    diagnostics.throw_if_any();
  } catch (const InputError& error) {
    built.errors = error.what();
  }
  return built;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("model: layers read the one before, named as Keras does") {
  const BuiltModel built =
      build_text("[Dense: 4, Dense: {units: 3, name: head}, Dense: 2]", {kBatch, 5});
  CHECK(built.shape == "(N, 2)");
  CHECK(built.rows == Names{"dense", "head", "dense_1"});
}

TEST_CASE("model: branches and skips by name") {
  const BuiltModel built = build_text(
      "- Dense: {units: 4, name: stem}\n"
      "- Dense: {units: 4, activation: relu}\n"
      "- Add: {inputs: [stem, dense]}\n"
      "- Dense: {units: 2, inputs: input, name: side}\n"
      "- Concatenate: {inputs: [add, side]}\n",
      {kBatch, 5});
  CHECK(built.errors == "");
  CHECK(built.shape == "(N, 6)");
  CHECK(built.rows == Names{"stem", "dense", "add", "side", "concatenate"});
}

TEST_CASE("model: parts of the features as inputs of their own") {
  const BuiltModel built = build_text(
      "- Slice: {end: 3, name: low}\n"
      "- Slice: {begin: -2, inputs: input, name: high}\n"
      "- Concatenate: {inputs: [high, low, high]}\n",
      {kBatch, 5});
  CHECK(built.shape == "(N, 7)");
}

TEST_CASE("model: what does not fit is reported where it stands") {
  CHECK(build_text("- Dense: 4\n- Add: {inputs: [dense, input]}\n", {kBatch, 5}).errors ==
        "m.yaml:2:3: error: Add: needs inputs of one shape, or with ones where they differ, "
        "not (N, 4) and (N, 5)\n"
        "- Add: {inputs: [dense, input]}\n"
        "  ^");
  CHECK(build_text("- Dense: 4\n- Add\n", {kBatch, 5}).errors ==
        "m.yaml:2:3: error: Add: needs several inputs; name them with 'inputs'\n"
        "- Add\n"
        "  ^");
  CHECK(build_text("- Dense: {units: 4, inputs: [input, input]}\n", {kBatch, 5}).errors ==
        "m.yaml:1:3: error: Dense: takes one input, not 2\n"
        "- Dense: {units: 4, inputs: [input, input]}\n"
        "  ^");
  CHECK(build_text("- Slice: {begin: 2, end: 1}\n", {kBatch, 5}).errors ==
        "m.yaml:1:3: error: Slice: [2, 1) is no part of axis 1 of (N, 5)\n"
        "- Slice: {begin: 2, end: 1}\n"
        "  ^");
  CHECK(build_text("- Slice: {begin: 2, axis: 0}\n", {kBatch, 5}).errors ==
        "m.yaml:1:3: error: Slice: (N, 5) has no axis 0 besides the batch\n"
        "- Slice: {begin: 2, axis: 0}\n"
        "  ^");
}

TEST_CASE("model: automatic names leave out those that were given") {
  const BuiltModel built = build_text(
      "[Dense: {units: 4, name: dense_1}, Dense: 3, Dense: 2, Dense: 2, Dense: {units: 1, name: "
      "dense}]",
      {kBatch, 5});
  CHECK(built.errors == "");
  CHECK(built.rows == Names{"dense_1", "dense_2", "dense_3", "dense_4", "dense"});
}

TEST_CASE("model: names that a model file could not hold") {
  for (const char* name : {".", "..", "''", "a/", "/a", "a//b", "a/../b"}) {
    CAPTURE(name);
    const std::string errors =
        build_text(std::string("- Dense: {units: 4, name: ") + name + "}\n", {kBatch, 5}).errors;
    CHECK(
        errors.find("is no name for a layer: between its slashes must be something, but . or ..") !=
        std::string::npos);
  }
  CHECK(build_text("[Dense: {units: 4, name: a.b}, Dense: {units: 1, name: a.b/c}]", {kBatch, 5})
            .errors == "");
}

TEST_CASE("model: two layers have no part in common") {
  const std::string both = "- Bidirectional: {layer: {LSTM: 2}, name: a}\n";
  const auto errors = [](const std::string& text) {
    return build_text(text, {kBatch, 5, 2}).errors;
  };
  const std::string clash = "both have a part 'a/forward_lstm'; give one of them another name\n";
  CHECK(errors(both + "- Dense: {units: 1, name: a/forward_lstm}\n") ==
        "m.yaml:2:3: error: the layers 'a' and 'a/forward_lstm' " + clash +
            "- Dense: {units: 1, name: a/forward_lstm}\n  ^");
  CHECK(errors("- Dense: {units: 1, name: a/forward_lstm}\n" + both)
            .find("the layers 'a/forward_lstm' and 'a' " + clash) != std::string::npos);
  const std::string kernel = "both have a part 'a/kernel'";
  CHECK(
      errors("- Dense: {units: 1, name: a}\n- Dense: {units: 1, name: a/kernel}\n").find(kernel) !=
      std::string::npos);
  CHECK(
      errors("- Dense: {units: 1, name: a/kernel}\n- Dense: {units: 1, name: a}\n").find(kernel) !=
      std::string::npos);
}

TEST_CASE("model: names that are unknown, taken or never read") {
  CHECK(build_text("- Dense: {units: 4, name: stem}\n- Dense: {units: 1, inputs: stam}\n",
                   {kBatch, 5})
            .errors ==
        "m.yaml:2:3: error: Dense reads 'stam', but no layer before it has that name; did you mean "
        "'stem'?\n"
        "- Dense: {units: 1, inputs: stam}\n"
        "  ^");
  CHECK(build_text("- Dense: {units: 4, name: a}\n- Dense: {units: 1, name: a}\n", {kBatch, 5})
            .errors ==
        "m.yaml:2:3: error: two layers are named 'a'\n"
        "- Dense: {units: 1, name: a}\n"
        "  ^");
  CHECK(build_text("- Dense: {units: 4, name: input}\n", {kBatch, 5}).errors ==
        "m.yaml:1:3: error: 'input' is the data, and no name for a layer\n"
        "- Dense: {units: 4, name: input}\n"
        "  ^");
  CHECK(build_text("- Dense: 4\n- Dense: {units: 1, inputs: input}\n", {kBatch, 5}).errors ==
        "m.yaml:1:3: error: nothing reads the layer 'dense'\n"
        "- Dense: 4\n"
        "  ^");
  CHECK(build_text("- Dense: {units: 4, inputs: []}\n", {kBatch, 5}).errors ==
        "m.yaml:1:3: error: Dense has no inputs\n"
        "- Dense: {units: 4, inputs: []}\n"
        "  ^");
}

TEST_CASE("model: merging layers") {
  const std::string parts = "[Dense: {units: 2, name: a}, Dense: {units: 2, name: b}, ";
  for (const char* merge : {"Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"}) {
    CAPTURE(merge);
    const BuiltModel built = build_text(parts + merge + ": {inputs: [a, b, a]}]", {kBatch, 2});
    CHECK(built.errors == "");
    CHECK(built.shape == "(N, 2)");
  }
  CHECK(build_text(parts + "Concatenate: {axis: 1, inputs: [a, b, a]}]", {kBatch, 2}).shape ==
        "(N, 6)");
}

TEST_CASE("model: merged inputs are repeated where they have one of what the others have") {
  const auto merged = [](const char* shape, const char* other) {
    const std::string first = std::string("[Reshape: {target_shape: ") + shape + ", name: a}, ";
    const std::string second =
        std::string("Reshape: {target_shape: ") + other + ", inputs: side}, ";
    const BuiltModel built = build_text(
        "[Dense: {units: 6, name: side}, Dense: {units: 12, inputs: "
        "input}, " +
            first.substr(1) + second + "Multiply: {inputs: [a, reshape]}]",
        {kBatch, 2});
    return built.errors.empty() ? built.shape : built.errors;
  };
  CHECK(merged("[2, 6]", "[6]") == "(N, 2, 6)");
  CHECK(merged("[12, 1]", "[1, 6]") == "(N, 12, 6)");
  CHECK(merged("[1, 2, 6]", "[6]") == "(N, 1, 2, 6)");
  CHECK(merged("[3, 4]", "[2, 3]").find("not (N, 3, 4) and (N, 2, 3)") != std::string::npos);
}
