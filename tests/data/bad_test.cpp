// Data files that are wrong, each with the whole text of its error beside it. What to open is in
// NAME.yaml (a dataset as in an experiment file, and whether the loss wants classes), what mlrun
// answers in NAME.expected.
#include <doctest/doctest.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "config/codec.h"
#include "data/open.h"
#include "data_folder.h"

namespace mlrun::data {
namespace {

struct BadCase {
  bool classify = false;
  config::DatasetSpec dataset;

  static const config::FieldList& fields() {
    static const config::FieldList list =
        config::FieldListOf<BadCase>("case", "A data set that cannot be opened.")
            .field("classify", &BadCase::classify, "the loss wants classes")
            .field("dataset", &BadCase::dataset, "as in an experiment file", config::required);
    return list;
  }
};

BadCase read_case(const std::filesystem::path& path) {
  config::Catalogs catalogs;
  catalogs.add(generator_catalog());
  Diagnostics diagnostics;
  config::Reader reader{diagnostics, catalogs};
  const auto text =
      std::make_shared<SourceText>(SourceText{path.filename().string(), read_file(path)});
  const config::Node node = config::parse_yaml(text, diagnostics);
  BadCase bad;
  BadCase::fields().read(&bad, node, reader);
  diagnostics.throw_if_any();
  if (const config::Entry* source = node.find("dataset")->value.find("source")) {
    bad.dataset.source_mark = source->value.mark;
  }
  return bad;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
  }
}

std::string error_of(const std::filesystem::path& path, const OpenOptions& options) {
  const BadCase bad = read_case(path);
  OpenOptions with = options;
  with.classify = bad.classify;
  try {
    open_dataset(bad.dataset, with);
  } catch (const InputError& error) {
    std::string text = error.what();
    replace_all(text, options.base.string() + "/", "");
    return text + "\n";
  }
  return "no error\n";
}

}  // namespace

TEST_CASE("bad data files: the whole error text") {
  const DataFolder scratch;
  OpenOptions options = scratch.options();
  options.base = std::filesystem::path(MLRUN_TESTS_DIR) / "data/bad";
  std::vector<std::filesystem::path> cases;
  for (const auto& entry : std::filesystem::directory_iterator(options.base)) {
    if (entry.path().extension() == ".yaml") cases.push_back(entry.path());
  }
  std::sort(cases.begin(), cases.end());
  CHECK(cases.size() >= 40);
  for (const std::filesystem::path& path : cases) {
    CAPTURE(path.filename().string());
    std::filesystem::path expected = path;
    CHECK(error_of(path, options) == read_file(expected.replace_extension(".expected")));
  }
}

}  // namespace mlrun::data
