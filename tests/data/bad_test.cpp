// Data files that are wrong, each with the whole text of its error beside it. What to open is in
// NAME.yaml (a dataset as in an experiment file, and whether the loss wants classes), what mlrun
// answers in NAME.expected.
#include <doctest/doctest.h>

#include "bad_cases.h"
#include "base/file.h"
#include "config/codec.h"
#include "data/open.h"
#include "data/tokens.h"
#include "data_folder.h"
#include "places.h"

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
  catalogs.add(tokens_catalog());
  Diagnostics diagnostics;
  config::Reader reader{diagnostics, catalogs};
  const auto text =
      std::make_shared<SourceText>(SourceText{path.filename().string(), read_file(path)});
  const config::Node node = config::parse_yaml(text, diagnostics);
  BadCase bad;
  BadCase::fields().read(&bad, node, reader);
  diagnostics.throw_if_any();
  const config::Entry& dataset = *node.find("dataset");
  if (const config::Entry* source = dataset.value.find("source")) {
    bad.dataset.source_mark = source->value.mark;
  }
  bad.dataset.marks = config::KeyMarks(dataset);
  return bad;
}

}  // namespace

TEST_CASE("bad data files: the whole error text") {
  const DataFolder scratch;
  OpenOptions options = scratch.options();
  options.base = test::tests_folder() / "data/bad";
  test::check_bad_cases(options.base, 40, [&](const std::filesystem::path& path) {
    const BadCase bad = read_case(path);
    options.classify = bad.classify;
    open_dataset(bad.dataset, options);
  });
}

}  // namespace mlrun::data
