#include "data/tokens/of_model.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/sha256.h"
#include "config/node.h"
#include "data/manifest.h"
#include "data/provenance.h"
#include "store/hdf5.h"

namespace mlrun::data {
namespace {

// The tokens that an experiment names, if it does.
config::DatasetSpec tokens_in(const std::string& experiment) {
  config::Catalogs catalogs;
  catalogs.add(tokens_catalog());
  Diagnostics diagnostics;
  config::Reader reader{diagnostics, catalogs};
  config::DatasetSpec spec;
  const auto text = std::make_shared<SourceText>(SourceText{"config", experiment});
  const config::Node root = config::parse_yaml(text, diagnostics);
  const config::Entry* dataset = root.find("dataset");
  const config::Entry* entry = dataset ? dataset->value.find("tokens") : nullptr;
  if (entry) config::read_component(entry->value, reader, config::TokensKind::kName, spec.tokens);
  diagnostics.throw_if_any();
  return spec;
}

// Splits as the other tokens do, and knows their names.
class StoredTokens : public Tokens {
 public:
  StoredTokens(std::shared_ptr<const Tokens> tokens, std::vector<std::string> names)
      : tokens_(std::move(tokens)), names_(std::move(names)) {}

  std::vector<std::string> split(std::string_view text) const override {
    return tokens_->split(text);
  }
  std::vector<std::string> learn_names(const Dictionary&, std::span<const int64_t>,
                                       std::vector<std::string>) const override {
    return names_;
  }
  WordEncoder encoder(std::span<const std::string> names) const override {
    return tokens_->encoder(names);
  }
  int64_t most_tokens(const Dictionary&, int64_t) const override {
    return static_cast<int64_t>(names_.size());
  }
  bool knows_all() const override { return false; }
  bool learns() const override { return false; }
  void add_to(Provenance& provenance) const override {
    provenance.add({}, sha256(fmt::format("{}", fmt::join(names_, "\n"))));
  }
  std::string_view separator() const override { return tokens_->separator(); }

 private:
  std::shared_ptr<const Tokens> tokens_;
  std::vector<std::string> names_;
};

}  // namespace

const config::FieldList& OfModel::fields() {
  static const config::FieldList list =
      config::FieldListOf<OfModel>("of_model", "The tokens of a model that was trained before.")
          .field("file", &OfModel::file, "its model.h5", config::required);
  return list;
}

std::shared_ptr<const Tokens> OfModel::open(const std::filesystem::path& base,
                                            const Mark& mark) const {
  return stored_tokens((base / expand_variables(file, mark)).lexically_normal(), mark);
}

std::shared_ptr<const Tokens> stored_tokens(const std::filesystem::path& path, const Mark& mark) {
  const auto fail = [&](const char* what) {
    throw InputError(render_error(mark, fmt::format("'{}' {}", path.string(), what)));
  };
  if (!std::filesystem::exists(path)) fail("is not there; train the model first");
  const store::File model = store::File::open(path);
  if (!model.contains("vocabulary") || !model.contains("config")) fail("is no model with tokens");
  const config::DatasetSpec spec = tokens_in(model.array("config").read_strings().at(0));
  return std::make_shared<StoredTokens>(open_tokens(spec, path.parent_path()),
                                        model.array("vocabulary").read_strings());
}

}  // namespace mlrun::data
