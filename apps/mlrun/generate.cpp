// mlrun generate
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "command.h"
#include "data/tokens.h"
#include "train/continuation.h"
#include "trained.h"

namespace mlrun::app {
namespace {

struct GenerateArguments {
  ExperimentArguments experiment;
  ModelArgument model;
  std::optional<std::string> prompt;
  int64_t length = 200;
  double temperature = 1;
  uint64_t draw = 0;
};

// A text starts with a new line if nothing else is asked for.
std::string prompt_of(const GenerateArguments& args, const data::Tokens& tokens,
                      const data::Dataset& dataset) {
  if (args.prompt) return *args.prompt;
  const std::string line = "\n";
  const std::vector<int32_t> start = tokens.encode(line, dataset.class_names);
  if (!start.empty() && start[0] >= 0) return line;
  throw InputError("--prompt is needed: the default, a new line, is no token of this text");
}

void print_text(train::Continuation& model, const data::Tokens& tokens,
                const data::Dataset& dataset, const GenerateArguments& args) {
  std::string text = prompt_of(args, tokens, dataset);
  const std::vector<int32_t> start = tokens.encode(text, dataset.class_names);
  if (start.empty()) throw InputError("--prompt holds no token");
  for (const std::string& word : tokens.split(text)) {
    const std::vector<int32_t> known = tokens.encode(word, dataset.class_names);
    if (std::find(known.begin(), known.end(), -1) == known.end()) continue;
    throw InputError(fmt::format("--prompt: '{}' does not occur in the text", word));
  }
  for (const int32_t token : model.text(start, args.length, args.temperature, args.draw)) {
    text += tokens.separator();
    text += dataset.class_names[static_cast<size_t>(token)];
  }
  fmt::print("{}\n", text);
}

void print_series(train::Continuation& model, const data::Dataset& dataset, int64_t length) {
  const auto channels = static_cast<size_t>(dataset.windows->channels);
  std::vector<std::string> names;
  for (size_t c = 0; c < channels; ++c) names.push_back(dataset.columns[c].name);
  fmt::print("{}\n", fmt::join(names, ","));
  const std::vector<float> steps = model.series(length);
  for (size_t at = 0; at < steps.size(); at += channels) {
    fmt::print("{}\n", fmt::join(steps.begin() + static_cast<long>(at),
                                 steps.begin() + static_cast<long>(at + channels), ","));
  }
}

int generate(const GenerateArguments& args) {
  const Trained trained = open_trained(args.experiment, args.model);
  const data::Dataset& dataset = trained.search.dataset;
  train::Continuation model(input_of(trained, 1), trained.model);
  if (dataset.classes) {
    print_text(model, *dataset.tokens, dataset, args);
  } else {
    print_series(model, dataset, args.length);
  }
  return kSuccess;
}

}  // namespace

void add_generate_command(CommandLine& line) {
  Verb verb = line.program().add_verb("generate", "Continue a text or a series by a trained model");
  auto args = std::make_shared<GenerateArguments>();
  args->experiment.add_to(verb);
  args->model.add_to(verb);
  verb.add_option(
      "--prompt", [args = args.get()](const std::string& text) { args->prompt = text; },
      "what a text starts with; default: a new line");
  verb.add_option("--length", args->length, "tokens, or steps of a series")
      .check(whole_number(1))
      .shown_as("N");
  verb.add_option("--temperature", args->temperature, "0: always the likeliest; above: bolder")
      .check(non_negative());
  verb.add_option("--draw", args->draw, "each number is another text");
  verb.runs([args] { return generate(*args); });
}

}  // namespace mlrun::app
