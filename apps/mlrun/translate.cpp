// mlrun translate
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "command.h"
#include "data/tokens.h"
#include "device/budget.h"
#include "store/derived_file.h"
#include "store/results.h"
#include "train/translator.h"
#include "trained.h"

namespace mlrun::app {
namespace {

using Texts = std::vector<std::string>;

struct TranslateArguments {
  ExperimentArguments experiment;
  ModelArgument model;
  std::optional<std::string> text;
  std::string lines;
  int64_t beam = 1;
  double length_penalty = 0.6;
  std::string output;
};

store::ResultsFile as_file(const TranslateArguments& args, const train::Bleu& bleu,
                           const Texts& sources, const Texts& references,
                           const Texts& translations) {
  const std::vector<double> precisions(bleu.precisions.begin(), bleu.precisions.end());
  store::ResultsFile file;
  file.attributes = {store::derived_mark(),      {"bleu", bleu.score},
                     {"precisions", precisions}, {"brevity_penalty", bleu.brevity_penalty},
                     {"words", bleu.words},      {"reference_words", bleu.reference_words},
                     {"beam", args.beam},        {"length_penalty", args.length_penalty}};
  store::Section section{"/translations", {}, {}, false};
  section.table.columns = {
      {"source", sources}, {"reference", references}, {"translation", translations}};
  file.sections.push_back(std::move(section));
  return file;
}

// The rows that were held out, against their translations in the data.
void translate_held_out(train::Translator& translator, std::span<const int64_t> rows,
                        const TranslateArguments& args, const std::filesystem::path& output) {
  constexpr size_t kShown = 5;
  Texts sources;
  Texts references;
  for (const int64_t row : rows) {
    sources.push_back(translator.sentence(row));
    references.push_back(translator.reference(row));
  }
  const Texts made = translator.translate(sources, args.beam, args.length_penalty);
  const train::Bleu bleu = train::bleu_of_texts(made, references);
  for (size_t i = 0; i < std::min(kShown, made.size()); ++i) {
    fmt::print("{}\n  reference:   {}\n  translation: {}\n", sources[i], references[i], made[i]);
  }
  fmt::print("BLEU {:.4f} (1 to 4 words {:.3f}, brevity penalty {:.3f}) of {} sentences, beam {}\n",
             bleu.score, fmt::join(bleu.precisions, " "), bleu.brevity_penalty, made.size(),
             args.beam);
  if (output.has_parent_path()) std::filesystem::create_directories(output.parent_path());
  store::write_results(output, as_file(args, bleu, sources, references, made));
  fmt::print("all in {}\n", output.string());
}

std::string text_of(const std::string& file) try {
  return read_file(file == "-" ? "/dev/stdin" : file);
} catch (const Error& error) {
  throw InputError(fmt::format("--lines: {}", error.what()));
}

// Line n of what is printed is the translation of line n; empty where that holds no token.
void translate_lines(train::Translator& translator, const data::Tokens& tokens,
                     const TranslateArguments& args) {
  std::istringstream text(text_of(args.lines));
  Texts sources;
  std::vector<size_t> places;
  size_t count = 0;
  for (std::string line; std::getline(text, line); ++count) {
    if (line.ends_with('\r')) line.pop_back();
    if (tokens.split(line).empty()) continue;
    sources.push_back(line);
    places.push_back(count);
  }
  Texts made = translator.translate(sources, args.beam, args.length_penalty);
  Texts lines(count);
  for (size_t i = 0; i < made.size(); ++i) lines[places[i]] = std::move(made[i]);
  for (const std::string& line : lines) fmt::print("{}\n", line);
}

int translate(const TranslateArguments& args) {
  const Trained trained = open_trained(args.experiment, args.model);
  const trials::Search& search = trained.search;
  const int threads = search.threads(device::find_budget().core_count());
  train::Translator translator(input_of(trained, threads), trained.model);
  if (args.text) {
    if (search.dataset.tokens->split(*args.text).empty()) {
      throw InputError("--text holds no token");
    }
    const Texts made = translator.translate(Texts{*args.text}, args.beam, args.length_penalty);
    fmt::print("{}\n", made.front());
    return kSuccess;
  }
  if (!args.lines.empty()) {
    translate_lines(translator, *search.dataset.tokens, args);
    return kSuccess;
  }
  if (search.hold_out.test.empty()) {
    throw InputError("no rows are held out to be translated; name a sentence with --text");
  }
  const std::filesystem::path output =
      output_file(args.output.empty() ? trained.path.parent_path() / "translations.h5"
                                      : std::filesystem::path(args.output));
  translate_held_out(translator, search.hold_out.test, args, output);
  return kSuccess;
}

}  // namespace

void add_translate_command(CommandLine& line) {
  Verb verb = line.program().add_verb(
      "translate", "Translate what was held out, a sentence, or a file, by a trained model");
  auto args = std::make_shared<TranslateArguments>();
  args->experiment.add_to(verb);
  args->model.add_to(verb);
  const Option sentence = verb.add_option(
      "--text", [args = args.get()](const std::string& text) { args->text = text; },
      "translate this sentence only");
  verb.add_option("--lines", args->lines, "print a translation of each line of this file; -: stdin")
      .excludes(sentence)
      .shown_as("FILE");
  verb.add_option("--beam", args->beam, "beginnings that are kept; 1: greedy")
      .check(whole_number(1, train::kWidestBeam))
      .shown_as("N");
  verb.add_option("--length-penalty", args->length_penalty,
                  "0: shorter translations win; above: longer ones have a chance")
      .check(non_negative());
  verb.add_option("-o,--output", args->output,
                  "HDF5 file to be written; default: translations.h5 beside the model")
      .shown_as("FILE");
  verb.runs([args] { return translate(*args); });
}

}  // namespace mlrun::app
